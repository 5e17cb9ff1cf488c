/**
 * Writes imported items to the store in short transactions, so that a running daemon can write too.
 *
 * @module
 */
import { KNOWN_SENDERS_MARK } from "../greylist/known_sender.ts";
import { WorkingMemory } from "../greylist/memory.ts";
import type { Change } from "../greylist/model.ts";
import { autoWhitelistedAs } from "../greylist/reputation.ts";
import { formatPattern, parsePattern } from "../lists/pattern.ts";
import type { GreylistStore, ListStore, NewEntry } from "../store/store.ts";
import { changeOf, type Choice, isExpired, type Item, type Items, type Reading } from "./item.ts";

/** Items in one transaction. */
const CHUNK = 500;

/** The parts of the store that an import uses. */
export interface ImportStore {
  readonly greylist: Pick<GreylistStore, "exchange">;
  readonly lists: Pick<ListStore, "entries"> & { add(entry: NewEntry): unknown };
}

export interface ImportCounts {
  known: number;
  pending: number;
  reputations: number;
  /** Reputations among them that auto-whitelist their origin. */
  autoWhitelisted: number;
  choices: number;
  unchanged: number;
  expired: number;
  errors: number;
}

export function emptyCounts(): ImportCounts {
  return {
    known: 0,
    pending: 0,
    reputations: 0,
    autoWhitelisted: 0,
    choices: 0,
    unchanged: 0,
    expired: 0,
    errors: 0,
  };
}

function* chunksOf(items: Iterable<Item>): Generator<readonly Item[]> {
  let chunk: Item[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/**
 * Stores the items that have not expired.
 *
 * @param isDry counts without writing.
 */
export async function storeItems(
  items: Items,
  { greylist }: ImportStore,
  { rules, now }: Reading,
  isDry: boolean,
  counts: ImportCounts,
  progress: (done: number) => void,
): Promise<void> {
  let done = 0;
  for (const all of chunksOf(items)) {
    const chunk = all.filter((item) => !isExpired(item, rules, now));
    counts.expired += all.length - chunk.length;
    done += all.length;
    let changes: readonly Change[] = [];
    greylist.exchange((memory) => {
      // Several items may change one record.
      const working = new WorkingMemory(memory);
      changes = chunk.flatMap((item) => {
        const change = changeOf(item, working);
        if (change !== undefined) working.apply([change]);
        return change ?? [];
      });
      return isDry ? [] : working.stored();
    });
    const isCounted = ({ key }: Item | Change) => key !== KNOWN_SENDERS_MARK;
    const counted = changes.filter(isCounted);
    counts.unchanged += chunk.filter(isCounted).length - counted.length;
    for (const change of counted) {
      if (change.kind === "relation") counts.known++;
      else if (change.kind === "pending") counts.pending++;
      else if (change.kind === "reputation") {
        counts.reputations++;
        const named = { ...change.record, name: change.key };
        if (autoWhitelistedAs(named, rules, now) !== undefined) counts.autoWhitelisted++;
      }
    }
    progress(done);
    // Let a daemon in another process write.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** @returns errors. */
export function storeChoices(
  choices: readonly Choice[],
  addedBy: string,
  { lists }: ImportStore,
  isDry: boolean,
  counts: ImportCounts,
): string[] {
  const errors: string[] = [];
  const present = new Set(lists.entries().map(({ list, pattern }) => `${list} ${pattern}`));
  for (const { list, pattern: given } of choices) {
    const parsed = parsePattern("recipient", given);
    if (!parsed.ok) {
      errors.push(`${list} "${given}": ${parsed.why}`);
      continue;
    }
    const pattern = formatPattern(parsed.pattern);
    if (present.has(`${list} ${pattern}`)) {
      counts.unchanged++;
      continue;
    }
    present.add(`${list} ${pattern}`);
    counts.choices++;
    const entry = { list, pattern, note: "", addedBy, created: Date.now() };
    if (!isDry) lists.add({ ...entry, matchOn: "recipient" });
  }
  return errors;
}
