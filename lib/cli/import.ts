/**
 * `greylag import`: what another greylisting server has learnt.
 *
 * @module
 */
import { ConfigError } from "../config/load.ts";
import { parseDuration } from "../config/duration.ts";
import { serviceSettings } from "../config/settings.ts";
import { normaliseRecipient, normaliseSender } from "../greylist/normalise.ts";
import { originsOf } from "../greylist/origin.ts";
import type { Rules } from "../greylist/rules.ts";
import {
  type Change,
  type OriginRecord,
  type Triplet,
  type TripletKey,
  tripletKey,
} from "../greylist/verdict.ts";
import type { Recalled, Store } from "../store/store.ts";
import { ADMIN_OPTIONS, parseAdmin, textOf, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { parsePostgreyDump, type PostgreyRecord } from "./postgrey_dump.ts";
import { type Option, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "delay",
    placeholder: "TIME",
    help: "The other server's delay, by which it is told who had passed (default: 5m).",
  },
  { name: "dry-run", help: "Only say what would be done." },
];

/** So many rows share one transaction: a running daemon waits for no more. */
const CHUNK = 500;

/** Something to be remembered, if nothing better is remembered already. */
type Item =
  | { readonly key: TripletKey; readonly triplet: Triplet }
  | { readonly key: TripletKey; readonly origin: OriginRecord };

/** What an import did. */
interface Summary {
  known: number;
  waiting: number;
  origins: number;
  unchanged: number;
  expired: number;
  errors: number;
}

function itemOf(record: PostgreyRecord, delay: number, rules: Rules): Item {
  const origin = originsOf(record.address, undefined, rules)[0]!.name;
  if (record.kind === "client") {
    const { count, last } = record;
    return {
      key: tripletKey(origin, "", ""),
      origin: { firstSeen: last, lastSeen: last, deliveries: count, lastCounted: last },
    };
  }
  const sender = normaliseSender(record.sender, record.recipient);
  const key = tripletKey(origin, sender, normaliseRecipient(record.recipient));
  const { first, last } = record;
  const passed = last - first >= delay ? { passed: last } : {};
  return {
    key,
    triplet: { firstSeen: first, lastSeen: last, tries: 1, ...passed, counted: false },
  };
}

function isExpired(item: Item, rules: Rules, now: number): boolean {
  if ("origin" in item) return now - item.origin.lastSeen > rules.lifetime;
  const { passed, firstSeen, lastSeen } = item.triplet;
  return passed === undefined
    ? now - firstSeen > rules.retryWindow
    : now - lastSeen > rules.lifetime;
}

/** The change that an item makes; undefined if what is remembered is as good. */
function changeOf(item: Item, recalled: Recalled): Change | undefined {
  if ("origin" in item) {
    const name = item.key.origin;
    const before = recalled.origins.get(name);
    const { deliveries, lastSeen } = item.origin;
    if (before !== undefined && before.deliveries >= deliveries && before.lastSeen >= lastSeen) {
      return undefined;
    }
    const record = {
      ...item.origin,
      deliveries: Math.max(deliveries, before?.deliveries ?? 0),
      lastSeen: Math.max(lastSeen, before?.lastSeen ?? 0),
    };
    recalled.origins.set(name, record);
    return { kind: "origin", key: name, record };
  }
  const before = recalled.triplets.get(item.key.id);
  const isBetter = before === undefined ||
    (item.triplet.passed !== undefined &&
      (before.passed === undefined || before.lastSeen < item.triplet.lastSeen));
  if (!isBetter) return undefined;
  const record = { ...item.triplet, counted: before?.counted ?? false };
  recalled.triplets.set(item.key.id, record);
  return { kind: "triplet", key: item.key, record };
}

async function store(
  items: readonly Item[],
  target: Store,
  isDry: boolean,
  summary: Summary,
  progress: (done: number) => void,
): Promise<void> {
  for (let at = 0; at < items.length; at += CHUNK) {
    const chunk = items.slice(at, at + CHUNK);
    let changes: readonly Change[] = [];
    await target.exchange(chunk.map(({ key }) => key), (recalled) => {
      changes = chunk.map((item) => changeOf(item, recalled)).filter((one) => one !== undefined);
      return isDry ? [] : changes;
    });
    summary.unchanged += chunk.length - changes.length;
    for (const change of changes) {
      if (change.kind === "origin") summary.origins++;
      else if (change.kind === "triplet" && change.record.passed !== undefined) summary.known++;
      else summary.waiting++;
    }
    progress(at + chunk.length);
    // A daemon in another process gets its turn.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Tells on a terminal how far the work is. */
function progressOf(total: number, output: Output): (done: number) => void {
  if (total < 10 * CHUNK || !Deno.stderr.isTerminal()) return () => {};
  let next = 0;
  return (done) => {
    if (done < next && done < total) return;
    next = done + total / 10;
    output.complain(`${Math.floor(100 * done / total)} % of ${total}\n`);
  };
}

/** What another greylisting server has learnt. */
export const importCommand: Command = {
  name: "import",
  summary: "take over what postgrey has learnt",
  usage: "postgrey FILE… [--delay TIME] [--dry-run]",
  description: [
    "FILE is what `db_dump -p` (Debian: db-util) prints of postgrey.db or postgrey_clients.db: " +
    "db_dump -p /var/lib/postgrey/postgrey.db > triplets.txt",
    "Senders that postgrey knew are known, those that wait go on waiting, clients keep the " +
    "deliveries that were counted. Importing twice changes nothing. A broken line is named and " +
    "skipped, the rest is kept, and the exit code is 1.",
  ],
  options: [...ADMIN_OPTIONS, ...OWN],
  async run(args, output) {
    const admin = parseAdmin(args, OWN);
    const [format, ...files] = admin.rest;
    if (format !== "postgrey") {
      throw new UsageError(
        format === undefined
          ? "say what to import: greylag import postgrey FILE"
          : `greylag cannot import from "${format}"; it knows postgrey`,
      );
    }
    if (files.length === 0) throw new UsageError("the file that db_dump -p wrote is missing");
    const given = textOf(admin, "delay") ?? "5m";
    const delay = parseDuration(given);
    if (delay === undefined) throw new UsageError(`--delay: "${given}" is no duration such as 5m`);

    const { rules } = serviceSettings(admin.configuration.values).engine;
    const now = Date.now();
    const summary: Summary = {
      known: 0,
      waiting: 0,
      origins: 0,
      unchanged: 0,
      expired: 0,
      errors: 0,
    };
    const items: Item[] = [];
    for (const file of files) {
      let text: string;
      try {
        text = await Deno.readTextFile(file);
      } catch (error) {
        throw new ConfigError(`${file}: ${error instanceof Error ? error.message : error}`);
      }
      const { records, errors } = parsePostgreyDump(text);
      summary.errors += errors.length;
      for (const { line, why } of errors) output.complain(`greylag: ${file}:${line}: ${why}\n`);
      for (const record of records) {
        const item = itemOf(record, delay, rules);
        if (isExpired(item, rules, now)) summary.expired++;
        else items.push(item);
      }
    }
    const isDry = admin.options.get("dry-run") === true;
    await withStore(
      admin.configuration,
      (target) => store(items, target, isDry, summary, progressOf(items.length, output)),
    );
    if (admin.json) {
      output.print(`${JSON.stringify({ dry_run: isDry, ...summary })}\n`);
    } else {
      output.print(
        `${isDry ? "would be imported" : "imported"}: ${summary.known} known, ` +
          `${summary.waiting} waiting, ${summary.origins} clients; ${summary.unchanged} unchanged, ` +
          `${summary.expired} expired, ${summary.errors} not understood\n`,
      );
    }
    return summary.errors === 0 ? 0 : 1;
  },
};
