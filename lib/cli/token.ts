import { hashToken, makeToken } from "../admin/secrets.ts";
import { dateOf, formatAgo } from "../admin/format.ts";
import type { Credential } from "../store/store.ts";
import { DATABASE_OPTIONS, type Invocation, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { printTable } from "./table.ts";
import { type Option, refuseRest, requiredArgument, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  { name: "read-only", help: "With add: create a token that can read but not change." },
];

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

function nameOf(rest: readonly string[]): string {
  const name = requiredArgument(rest, "NAME");
  if (!NAME.test(name)) {
    throw new UsageError(
      `NAME must consist of at most 64 letters, digits, ".", "_" and "-", not "${name}"`,
    );
  }
  return name;
}

async function tokensOf(invocation: Invocation): Promise<Credential[]> {
  const all = await withStore(invocation.configuration, (store) => store.credentials.all());
  return all.filter(({ kind }) => kind !== "password");
}

const accessOf = ({ kind }: Credential) => kind === "token" ? "read and change" : "read";

async function add(
  invocation: Invocation,
  rest: readonly string[],
  output: Output,
): Promise<number> {
  const name = nameOf(rest);
  if ((await tokensOf(invocation)).some((one) => one.name === name)) {
    output.complain(
      `greylag: token ${name} exists already. To remove it: greylag token remove ${name}\n`,
    );
    return 1;
  }
  const kind = invocation.options.get("read-only") === true ? "read-token" : "token";
  const token = makeToken();
  const credential = { kind, name, hash: hashToken(token), created: Date.now() } as const;
  await withStore(
    invocation.configuration,
    (store) => store.credentials.put(credential),
  );
  if (invocation.json) {
    output.print(`${JSON.stringify({ name, token, access: accessOf(credential) })}\n`);
  } else output.print(`${token}\n`);
  output.complain("Keep the token: it is not shown again.\n");
  return 0;
}

async function list(invocation: Invocation, output: Output): Promise<number> {
  const tokens = await tokensOf(invocation);
  if (invocation.json) {
    const all = tokens.map((one) => ({
      name: one.name,
      access: accessOf(one),
      created: dateOf(one.created),
    }));
    output.print(`${JSON.stringify(all, null, 2)}\n`);
  } else if (tokens.length === 0) {
    output.print("No tokens. See: greylag token --help\n");
  } else {
    const now = Date.now();
    const rows = tokens.map((one) => [one.name, accessOf(one), formatAgo(now - one.created)]);
    printTable(["name", "access", "created"], rows, output);
  }
  return 0;
}

async function remove(
  invocation: Invocation,
  rest: readonly string[],
  output: Output,
): Promise<number> {
  const name = nameOf(rest);
  const isGone = await withStore(invocation.configuration, (store) => {
    const [whole, reading] = [
      store.credentials.remove("token", name),
      store.credentials.remove("read-token", name),
    ];
    return whole || reading;
  });
  if (!isGone) {
    output.complain(`greylag: no token ${name}. See: greylag token list\n`);
    return 1;
  }
  output.print(`token ${name} removed\n`);
  return 0;
}

export const token: Command = {
  name: "token",
  summary: "manage access tokens of the API",
  usage: "add NAME [--read-only] | list | remove NAME",
  words: { add: [], list: [], remove: [] },
  description: [
    "Clients of the API send a token in the header Authorization: Bearer TOKEN. add shows it once; " +
    "only its hash is stored. --read-only suits monitoring.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  run(args, output) {
    const invocation = parseInvocation(args, OWN);
    const [what = "list", ...rest] = invocation.rest;
    if (what === "add") return add(invocation, rest, output);
    if (what === "remove") return remove(invocation, rest, output);
    if (what !== "list") {
      throw new UsageError(`unknown action "${what}"; known are add, list, remove`);
    }
    refuseRest(rest);
    return list(invocation, output);
  },
};
