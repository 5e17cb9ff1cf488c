/**
 * `greylag allow`, `block`, `always-greylist`, `expect` and `unlist`: the entries of the lists.
 *
 * @module
 */
import type { ListName } from "../lists/matcher.ts";
import { formatPattern, guessMatchOn, type MatchOn, parsePattern } from "../lists/pattern.ts";
import { newEntry } from "../admin/new_entry.ts";
import { entryAsJson } from "../admin/record_json.ts";
import { formatDuration } from "../text/duration.ts";
import {
  type Admin,
  ADMIN_OPTIONS,
  currentUser,
  durationOf,
  parseAdmin,
  textOf,
  withStore,
} from "./admin.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { type Option, UsageError } from "./usage.ts";

const MATCH_ON_KINDS: readonly MatchOn[] = ["client", "sender", "recipient"];

const FOR: Option = {
  name: "for",
  placeholder: "TIME",
  help: "End by itself after this time: 30d.",
};
const NOTE: Option = { name: "note", placeholder: "TEXT", help: "Why; shown by `greylag list`." };

const ENTRY_OPTIONS: readonly Option[] = [
  {
    name: "client",
    help: "The pattern is a client: address, network, name, org:domain, spf:domain.",
  },
  { name: "sender", help: "The pattern is a sender: address, domain." },
  { name: "recipient", help: "The pattern is a recipient: address, user@, domain." },
  FOR,
  NOTE,
];

function matchOnOf(admin: Admin, text: string): MatchOn {
  const named = MATCH_ON_KINDS.filter((matchOn) => admin.options.get(matchOn) === true);
  if (named.length > 1) {
    throw new UsageError(`an entry is about one thing: --${named.join(" or --")}`);
  }
  const matchOn = named[0] ?? guessMatchOn(text);
  if (matchOn !== undefined) return matchOn;
  throw new UsageError("say what the /expression/ is about: --client, --sender or --recipient");
}

function onlyOne(admin: Admin, what: string): string {
  const [text, ...more] = admin.rest;
  if (text === undefined) throw new UsageError(`${what} is missing`);
  if (more.length > 0) throw new UsageError(`one ${what} at a time; "${more[0]}" is one too many`);
  return text;
}

async function add(
  admin: Admin,
  list: ListName,
  matchOn: MatchOn,
  text: string,
  addedBy: string,
  output: Output,
): Promise<number> {
  const now = Date.now();
  const lasts = textOf(admin, "for") === undefined ? undefined : durationOf(admin, "for", 0);
  const entered = newEntry(list, matchOn, text, {
    note: textOf(admin, "note") ?? "",
    addedBy,
    now,
    lasts,
  });
  if (!entered.ok) throw new UsageError(entered.why);
  const entry = await withStore(
    admin.configuration,
    (store) => store.lists.add(entered.entry),
  );
  if (admin.json) {
    output.print(`${JSON.stringify(entryAsJson(entry))}\n`);
  } else {
    const end = lasts === undefined ? "" : `, for ${formatDuration(lasts)}`;
    output.print(
      `entry ${entry.id}: ${list} ${matchOn} ${entry.pattern}${end} ` +
        "(a running daemon takes it within a second)\n",
    );
  }
  return 0;
}

function adding(name: string, list: ListName, summary: string, description: string[]): Command {
  const options = list === "always-greylist"
    ? [...ADMIN_OPTIONS, FOR, NOTE]
    : [...ADMIN_OPTIONS, ...ENTRY_OPTIONS];
  return {
    name,
    summary,
    usage: list === "always-greylist"
      ? "CLIENT [--for TIME] [--note TEXT]"
      : "PATTERN [--client | --sender | --recipient] [--for TIME] [--note TEXT]",
    description: [
      ...description,
      "A host name matches with everything below it, and only the name that Postfix verified " +
      "(client_name): nobody gets in by claiming a name, in the HELO or by an unconfirmed reverse " +
      "DNS. org:domain is whatever host that organisation runs, spf:domain whatever host that domain's " +
      "SPF record authorises. Exact beats general, and block beats allow at the same level.",
    ],
    options,
    run(args, output) {
      const admin = parseAdmin(args, options.slice(ADMIN_OPTIONS.length));
      const text = onlyOne(admin, "pattern");
      const matchOn = list === "always-greylist" ? "client" : matchOnOf(admin, text);
      return add(admin, list, matchOn, text, currentUser(), output);
    },
  };
}

/** Lets somebody pass at once. */
export const allow: Command = adding("allow", "allow", "let a client, sender or recipient pass", [
  "Without an option, an address with @ is a sender, user@ a recipient, and anything else a client.",
]);

/** Refuses somebody for good. */
export const block: Command = adding("block", "block", "refuse a client, sender or recipient", [
  "What is blocked is refused with 550 5.7.1 and the text of the setting block_text.",
]);

/** Keeps a client from ever skipping greylisting by its good record. */
export const alwaysGreylist: Command = adding(
  "always-greylist",
  "always-greylist",
  "greylist a client for ever, whatever its record",
  ["The client's origins are never proven, so that each new sender and recipient has to wait."],
);

/** Lets one recipient's mail pass for a while: the login code that must come now. */
export const expect: Command = {
  name: "expect",
  summary: "no greylisting for one recipient, for a while",
  usage: "RECIPIENT [--for TIME] [--note TEXT]",
  description: [
    "For the login code that must come now. Ends by itself, after 15 minutes by default.",
  ],
  options: [...ADMIN_OPTIONS, FOR, NOTE],
  run(args, output) {
    const given = parseAdmin(args, [FOR, NOTE]);
    const options = new Map(given.options);
    if (!options.has("for")) options.set("for", "15m");
    const admin = { ...given, options };
    const recipient = onlyOne(admin, "recipient");
    return add(admin, "allow", "recipient", recipient, `${currentUser()} (expect)`, output);
  },
};

/** Removes an entry. */
export const unlist: Command = {
  name: "unlist",
  summary: "remove an entry from the lists",
  usage: "NUMBER | PATTERN",
  description: ["`greylag list` shows the numbers. A pattern must be that of one entry only."],
  options: ADMIN_OPTIONS,
  run(args, output) {
    const admin = parseAdmin(args, []);
    const text = onlyOne(admin, "number or pattern");
    return withStore(admin.configuration, (store) => {
      const entries = store.lists.entries();
      const forms = MATCH_ON_KINDS.map((matchOn) => parsePattern(matchOn, text)).map((parsed) =>
        parsed.ok ? formatPattern(parsed.pattern) : text
      );
      const meant = entries.filter(({ id, pattern }) =>
        /^\d+$/.test(text) ? id === Number(text) : forms.includes(pattern)
      );
      if (meant.length !== 1) {
        const numbers = meant.map(({ id, list, matchOn }) => `${id} (${list} ${matchOn})`).join(
          ", ",
        );
        output.complain(
          meant.length === 0
            ? `greylag: there is no entry ${text}; see: greylag list\n`
            : `greylag: several entries are ${text}: ${numbers}; say which number\n`,
        );
        return 1;
      }
      const entry = meant[0]!;
      store.lists.remove(entry.id);
      output.print(
        admin.json
          ? `${JSON.stringify(entryAsJson(entry))}\n`
          : `removed entry ${entry.id}: ${entry.list} ${entry.matchOn} ${entry.pattern}\n`,
      );
      return 0;
    });
  },
};
