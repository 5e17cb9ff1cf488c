import { assertEquals } from "@std/assert";
import { THREADS } from "../../release/bundle.ts";

const library = new URL("../../lib/", import.meta.url);

async function threadsIn(directory: URL): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory) found.push(...await threadsIn(new URL(`${name}/`, directory)));
    if (!/\.tsx?$/.test(name)) continue;
    const text = await Deno.readTextFile(new URL(name, directory));
    for (const [, path] of text.matchAll(/threadModule\("([^"]+)"\)/g)) found.push(path!);
  }
  return found;
}

Deno.test("the executable gets a bundle of each thread that the program starts", async () => {
  assertEquals((await threadsIn(library)).sort(), [...THREADS].sort());
});
