/**
 * Commands that add and remove entries of the lists.
 *
 * @module
 */
import type { ListName } from "../lists/matcher.ts";
import {
  formatPattern,
  guessMatchOn,
  MATCH_ON,
  type MatchOn,
  parsePattern,
} from "../lists/pattern.ts";
import {
  describePreview,
  noPreviewBecause,
  previewAsJson,
  previewEntry,
} from "../admin/entry_preview.ts";
import { EXPECTED_FOR, FIXED_MATCH_ON, newEntry } from "../admin/list_entries.ts";
import { recipientsOf } from "../admin/queries.ts";
import { entryAsJson } from "../admin/record_json.ts";
import { formatDuration } from "../text/duration.ts";
import {
  currentUser,
  DATABASE_OPTIONS,
  durationOf,
  type Invocation,
  parseInvocation,
  textOf,
  withStore,
} from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { type Option, requiredArgument, UsageError } from "./usage.ts";

const FOR: Option = {
  name: "for",
  placeholder: "TIME",
  help: "Expire after this time, such as 30d.",
};
const NOTE: Option = { name: "note", placeholder: "TEXT", help: "Comment, shown by greylag list." };

const FORCE: Option = {
  name: "force",
  help: "Add the entry even if PATTERN covers a large part of all mail, such as 0.0.0.0/0.",
};

const ENTRY_OPTIONS: readonly Option[] = [
  {
    name: "client",
    help: "PATTERN is a client: an address, a network, a host name, org:DOMAIN or spf:DOMAIN.",
  },
  { name: "sender", help: "PATTERN is a sender: an address or a domain." },
  { name: "recipient", help: "PATTERN is a recipient: an address, user@ or a domain." },
  FOR,
  NOTE,
  FORCE,
];

function matchOnOf(invocation: Invocation, text: string): MatchOn {
  const named = MATCH_ON.filter((matchOn) => invocation.options.get(matchOn) === true);
  if (named.length > 1) {
    throw new UsageError(`--${named.join(" and --")} exclude each other`);
  }
  const matchOn = named[0] ?? guessMatchOn(text);
  if (matchOn !== undefined) return matchOn;
  throw new UsageError("an /expression/ needs --client, --sender or --recipient");
}

async function add(
  invocation: Invocation,
  list: ListName,
  matchOn: MatchOn,
  text: string,
  addedBy: string,
  output: Output,
  fallback?: number,
): Promise<number> {
  const now = Date.now();
  const lasts = durationOf(invocation, "for", fallback);
  const entered = newEntry(list, matchOn, text, {
    note: textOf(invocation, "note") ?? "",
    addedBy,
    now,
    lasts,
  });
  if (!entered.ok) throw new UsageError(entered.why);
  const { breadth } = entered;
  const isRefused = breadth !== undefined && invocation.options.get("force") !== true;
  const { privacy, recipient_delimiter: delimiter } = invocation.configuration.values;
  const { entry, preview } = await withStore(invocation.configuration, (store) => {
    const preview = privacy ? undefined : previewEntry(store, entered.entry, delimiter);
    return {
      preview,
      entry: isRefused ? undefined : store.lists.add(entered.entry),
    };
  });
  const effect = preview === undefined
    ? noPreviewBecause(entered.entry, privacy)
    : describePreview(preview, list, now);
  if (entry === undefined) {
    output.complain(
      `greylag: ${entered.entry.pattern} covers ${breadth}. ${effect}`.trimEnd() +
        ` To ${list} it all the same, add --force.\n`,
    );
    return 1;
  }
  if (invocation.json) {
    const shown = preview === undefined ? {} : { preview: previewAsJson(preview) };
    output.print(`${JSON.stringify({ ...entryAsJson(entry), ...shown })}\n`);
  } else {
    const end = lasts === undefined ? "" : `, for ${formatDuration(lasts)}`;
    output.print(
      `entry ${entry.id}: ${list} ${matchOn} ${entry.pattern}${end} ` +
        "(a running daemon applies it within a second)\n",
    );
    if (effect !== "") output.print(`${effect}\n`);
  }
  return 0;
}

function adding(name: string, list: ListName, summary: string, description: string[]): Command {
  const fixed = FIXED_MATCH_ON[list];
  const options = fixed === undefined
    ? [...DATABASE_OPTIONS, ...ENTRY_OPTIONS]
    : [...DATABASE_OPTIONS, FOR, NOTE];
  const argument = fixed?.toUpperCase() ?? "PATTERN";
  return {
    name,
    summary,
    usage: fixed === undefined
      ? "PATTERN [--client | --sender | --recipient] [--for TIME] [--note TEXT] [--force]"
      : `${argument} [--for TIME] [--note TEXT]`,
    description: fixed === "recipient" ? description : [
      ...description,
      "A host name matches itself and its subdomains, and only as a name that Postfix verified " +
      "(client_name): a HELO name or an unconfirmed reverse DNS name never matches. org:DOMAIN matches " +
      "the hosts of an organisation, spf:DOMAIN the hosts that the domain's SPF record authorises. " +
      "The most specific entry decides; of equally specific ones block overrides allow.",
      ...(fixed === undefined
        ? [
          "The effect on the mail of the history is shown. A pattern that covers more than a /8, a public " +
          "suffix, or every host name, sender or recipient needs --force.",
        ]
        : []),
    ],
    options,
    run(args, output) {
      const invocation = parseInvocation(args, options.slice(DATABASE_OPTIONS.length));
      const text = requiredArgument(invocation.rest, argument);
      return add(
        invocation,
        list,
        fixed ?? matchOnOf(invocation, text),
        text,
        currentUser(),
        output,
      );
    },
  };
}

export const allow: Command = adding(
  "allow",
  "allow",
  "accept mail of a client, sender or recipient without delay",
  [
    "Without an option, an address with @ is a sender, user@ is a recipient, and others are clients.",
  ],
);

export const block: Command = adding(
  "block",
  "block",
  "reject mail of a client, sender or recipient",
  [
    "Postfix rejects the mail with 550 5.7.1 and the text of the setting block_text.",
  ],
);

export const alwaysGreylist: Command = adding(
  "always-greylist",
  "always-greylist",
  "exclude a client from auto-whitelisting",
  ["The origins of the client are never auto-whitelisted: each of its new triplets is greylisted."],
);

export const trap: Command = adding(
  "trap",
  "trap",
  "mark a recipient as a spam trap",
  [
    "For an address that only spam still reaches, such as one that was given up years ago. RECIPIENT is " +
    "an address, user@ or a domain. A client that writes to a trap is deferred for a day, except for " +
    "known mail, and loses its reputation. Bounces do not count.",
  ],
);

/** Completes a name without a domain by the recipients of the history. */
async function completeRecipient(invocation: Invocation, text: string): Promise<string> {
  if (/[@./]/.test(text)) return text;
  const found = await withStore(
    invocation.configuration,
    (store) => recipientsOf(store.history, text),
  );
  if (found.length === 1) return found[0]!;
  throw new UsageError(
    found.length === 0
      ? `${text} has no domain. Write the whole address, such as ${text}@example.net, or ${text}@ ` +
        "for every domain"
      : `${text} has no domain. Write one of ${found.join(", ")}`,
  );
}

export const expect: Command = {
  name: "expect",
  summary: "exempt a recipient from greylisting for a while",
  usage: "RECIPIENT [--for TIME] [--note TEXT]",
  description: [
    "For mail that must arrive now, such as a login code. The exemption expires after 15 minutes by default. " +
    "A name without a domain is completed, if the history has one recipient of that name.",
  ],
  options: [...DATABASE_OPTIONS, FOR, NOTE],
  async run(args, output) {
    const invocation = parseInvocation(args, [FOR, NOTE]);
    const text = requiredArgument(invocation.rest, "RECIPIENT");
    const recipient = await completeRecipient(invocation, text);
    const addedBy = `${currentUser()} (expect)`;
    return add(invocation, "allow", "recipient", recipient, addedBy, output, EXPECTED_FOR);
  },
};

export const unlist: Command = {
  name: "unlist",
  summary: "remove an entry from the lists",
  usage: "NUMBER | PATTERN",
  description: ["greylag list shows the numbers. PATTERN must match exactly one entry."],
  options: DATABASE_OPTIONS,
  run(args, output) {
    const invocation = parseInvocation(args, []);
    const text = requiredArgument(invocation.rest, "NUMBER or PATTERN");
    return withStore(invocation.configuration, (store) => {
      const entries = store.lists.entries();
      const forms = MATCH_ON.map((matchOn) => parsePattern(matchOn, text)).map((parsed) =>
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
            ? `greylag: no entry ${text}. See: greylag list\n`
            : `greylag: several entries match ${text}: ${numbers}. Name one by its number.\n`,
        );
        return 1;
      }
      const entry = meant[0]!;
      store.lists.remove(entry.id);
      output.print(
        invocation.json
          ? `${JSON.stringify(entryAsJson(entry))}\n`
          : `removed entry ${entry.id}: ${entry.list} ${entry.matchOn} ${entry.pattern}\n`,
      );
      return 0;
    });
  },
};
