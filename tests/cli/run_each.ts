/** Runs each command line of the JSON text in the first argument, and prints the results as JSON. */
import { greylag } from "./database.ts";

const results = [];
for (const args of JSON.parse(Deno.args[0]!) as string[][]) {
  results.push(
    await greylag(...args).catch((error) => ({ code: -1, out: "", err: `${error.stack}` })),
  );
}
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(results)));
