import { promptSecret } from "@std/cli/prompt-secret";
import { hashPassword, LONGEST_PASSWORD, SHORTEST_PASSWORD } from "../admin/secrets.ts";
import { DATABASE_OPTIONS, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import { type Option, refuseRest, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  { name: "remove", help: "Remove the password and turn off sign-in." },
];

async function pipedLine(): Promise<string> {
  const text = await new Response(Deno.stdin.readable).text();
  return text.split(/\r?\n/, 1)[0]!;
}

async function newPassword(): Promise<string> {
  if (!Deno.stdin.isTerminal()) return await pipedLine();
  const password = promptSecret("New password:", { mask: "" }) ?? "";
  const again = promptSecret("Repeat the password:", { mask: "" }) ?? "";
  if (password !== again) throw new UsageError("the passwords differ");
  return password;
}

export const passwd: Command = {
  name: "passwd",
  summary: "set the password of the status page",
  usage: "[--remove]",
  description: [
    "Prompts for the password, or reads the first line of standard input. Only a salted hash (scrypt) " +
    "is stored. Sessions end.",
    `Minimum length: ${SHORTEST_PASSWORD} characters.`,
  ],
  options: [...DATABASE_OPTIONS.filter(({ name }) => name !== "json"), ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    refuseRest(invocation.rest);
    if (invocation.options.get("remove") === true) {
      const wasThere = await withStore(
        invocation.configuration,
        (store) => store.credentials.remove("password", ""),
      );
      output.print(wasThere ? "Password removed.\n" : "No password was set.\n");
      return 0;
    }
    // Fail before the prompt if there is no database.
    await withStore(invocation.configuration, (store) => store.credentials.all());
    const password = await newPassword();
    const length = [...password].length;
    if (length < SHORTEST_PASSWORD || length > LONGEST_PASSWORD) {
      throw new UsageError(
        `the password must have ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters, not ${length}`,
      );
    }
    const hash = await hashPassword(password);
    await withStore(
      invocation.configuration,
      (store) => store.credentials.put({ kind: "password", name: "", hash, created: Date.now() }),
    );
    output.print("Password set. Use it to sign in to the status page.\n");
    return 0;
  },
};
