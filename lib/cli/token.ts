/**
 * `greylag token`: tokens with which programs use the API.
 *
 * @module
 */
import { hashToken, makeToken } from "../admin/secrets.ts";
import { dateOf, formatAgo } from "../admin/format.ts";
import type { Credential } from "../store/store.ts";
import { type Admin, ADMIN_OPTIONS, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { printTable } from "./table.ts";
import { type Option, refuseRest, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  { name: "read-only", help: "With add: the token may read and change nothing." },
];

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

function nameOf(rest: readonly string[]): string {
  const [name, ...more] = rest;
  if (name === undefined) throw new UsageError("the name of the token is missing");
  if (more.length > 0) throw new UsageError(`one token at a time; "${more[0]}" is one too many`);
  if (!NAME.test(name)) {
    throw new UsageError(`"${name}" is no name: letters, digits, ".", "_" and "-", 64 at most`);
  }
  return name;
}

async function tokensOf(admin: Admin): Promise<Credential[]> {
  const all = await withStore(admin.configuration, (store) => store.credentials.all());
  return all.filter(({ kind }) => kind !== "password");
}

const mayOf = ({ kind }: Credential) => kind === "token" ? "read and change" : "read";

async function add(admin: Admin, rest: readonly string[], output: Output): Promise<number> {
  const name = nameOf(rest);
  if ((await tokensOf(admin)).some((one) => one.name === name)) {
    output.complain(`greylag: there is a token ${name}; first: greylag token remove ${name}\n`);
    return 1;
  }
  const kind = admin.options.get("read-only") === true ? "read-token" : "token";
  const token = makeToken();
  const credential = { kind, name, hash: hashToken(token), created: Date.now() } as const;
  await withStore(
    admin.configuration,
    (store) => store.credentials.put(credential),
  );
  if (admin.json) output.print(`${JSON.stringify({ name, token, may: mayOf(credential) })}\n`);
  else output.print(`${token}\n`);
  output.complain("This is the only time that the token is shown.\n");
  return 0;
}

async function list(admin: Admin, output: Output): Promise<number> {
  const tokens = await tokensOf(admin);
  if (admin.json) {
    const all = tokens.map((one) => ({
      name: one.name,
      may: mayOf(one),
      created: dateOf(one.created),
    }));
    output.print(`${JSON.stringify(all, null, 2)}\n`);
  } else if (tokens.length === 0) {
    output.print("There is no token yet. See: greylag token --help\n");
  } else {
    const now = Date.now();
    const rows = tokens.map((one) => [one.name, mayOf(one), formatAgo(now - one.created)]);
    printTable(["name", "may", "added"], rows, output);
  }
  return 0;
}

async function remove(admin: Admin, rest: readonly string[], output: Output): Promise<number> {
  const name = nameOf(rest);
  const isGone = await withStore(admin.configuration, (store) => {
    const [whole, reading] = [
      store.credentials.remove("token", name),
      store.credentials.remove("read-token", name),
    ];
    return whole || reading;
  });
  if (!isGone) {
    output.complain(`greylag: there is no token ${name}; see: greylag token list\n`);
    return 1;
  }
  output.print(`token ${name} is removed\n`);
  return 0;
}

/** Tokens with which programs use the API. */
export const token: Command = {
  name: "token",
  summary: "tokens with which programs use the status page's API",
  usage: "add NAME [--read-only] | list | remove NAME",
  description: [
    "A program sends its token along: Authorization: Bearer TOKEN. It is shown once, by add, and " +
    "only its hash is stored. With --read-only it may read where reading takes a sign-in, as " +
    "monitoring does.",
  ],
  options: [...ADMIN_OPTIONS, ...OWN],
  run(args, output) {
    const admin = parseAdmin(args, OWN);
    const [what = "list", ...rest] = admin.rest;
    if (what === "add") return add(admin, rest, output);
    if (what === "remove") return remove(admin, rest, output);
    if (what !== "list") throw new UsageError(`say add, list or remove, not "${what}"`);
    refuseRest(rest);
    return list(admin, output);
  },
};
