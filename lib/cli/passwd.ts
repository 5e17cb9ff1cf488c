/**
 * `greylag passwd`: the password of the status page.
 *
 * @module
 */
import { promptSecret } from "@std/cli/prompt-secret";
import { hashPassword, LONGEST_PASSWORD, SHORTEST_PASSWORD } from "../admin/secrets.ts";
import { ADMIN_OPTIONS, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import { type Option, refuseRest, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  { name: "remove", help: "Remove the password: nobody can sign in any more." },
];

/** The first line of standard input. */
async function pipedLine(): Promise<string> {
  const text = await new Response(Deno.stdin.readable).text();
  return text.split(/\r?\n/, 1)[0]!;
}

/** A new password from the terminal, asked for twice, or from a pipe. */
async function newPassword(): Promise<string> {
  if (!Deno.stdin.isTerminal()) return await pipedLine();
  const password = promptSecret("New password:", { mask: "" }) ?? "";
  const again = promptSecret("The same again:", { mask: "" }) ?? "";
  if (password !== again) throw new UsageError("these were two different passwords");
  return password;
}

/** The password of the status page. */
export const passwd: Command = {
  name: "passwd",
  summary: "set the password of the status page",
  usage: "[--remove]",
  description: [
    "Asks for the password, or takes the first line of standard input. It is stored as a salted " +
    "hash (scrypt). Whoever is signed in has to sign in again.",
    `It needs ${SHORTEST_PASSWORD} characters or more.`,
  ],
  options: [...ADMIN_OPTIONS.filter(({ name }) => name !== "json"), ...OWN],
  async run(args, output) {
    const admin = parseAdmin(args, OWN);
    refuseRest(admin.rest);
    if (admin.options.get("remove") === true) {
      const wasThere = await withStore(
        admin.configuration,
        (store) => store.credentials.remove("password", ""),
      );
      output.print(wasThere ? "The password is removed.\n" : "There was no password.\n");
      return 0;
    }
    // Without a database nobody needs to think of a password.
    await withStore(admin.configuration, (store) => store.credentials.all());
    const password = await newPassword();
    const length = [...password].length;
    if (length < SHORTEST_PASSWORD || length > LONGEST_PASSWORD) {
      throw new UsageError(
        `a password has ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters, not ${length}`,
      );
    }
    const hash = await hashPassword(password);
    await withStore(
      admin.configuration,
      (store) => store.credentials.put({ kind: "password", name: "", hash, created: Date.now() }),
    );
    output.print("The password is set. Sign in on the status page with it.\n");
    return 0;
  },
};
