/**
 * Writes imported items to the store in short transactions, so that a running daemon can write too.
 *
 * @module
 */
import { WorkingMemory } from "../greylist/memory.ts";
import type { Change } from "../greylist/model.ts";
import { formatPattern, parsePattern } from "../lists/pattern.ts";
import type { GreylistStore, ListStore } from "../store/store.ts";
import { changeOf, type Choice, type Item } from "./item.ts";

/** Items in one transaction. */
const CHUNK = 500;

export interface ImportCounts {
  known: number;
  pending: number;
  reputations: number;
  choices: number;
  unchanged: number;
  expired: number;
  errors: number;
}

export function emptyCounts(): ImportCounts {
  return { known: 0, pending: 0, reputations: 0, choices: 0, unchanged: 0, expired: 0, errors: 0 };
}

/** @param isDry counts without writing. */
export async function storeItems(
  items: readonly Item[],
  store: GreylistStore,
  isDry: boolean,
  counts: ImportCounts,
  progress: (done: number) => void,
): Promise<void> {
  for (let at = 0; at < items.length; at += CHUNK) {
    const chunk = items.slice(at, at + CHUNK);
    let changes: readonly Change[] = [];
    store.exchange((memory) => {
      // Several items may change one record.
      const working = new WorkingMemory(memory);
      changes = chunk.flatMap((item) => {
        const change = changeOf(item, working);
        if (change !== undefined) working.apply([change]);
        return change ?? [];
      });
      return isDry ? [] : working.stored();
    });
    counts.unchanged += chunk.length - changes.length;
    for (const { kind } of changes) {
      if (kind === "reputation") counts.reputations++;
      else if (kind === "relation") counts.known++;
      else counts.pending++;
    }
    progress(at + chunk.length);
    // Let a daemon in another process write.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** @returns errors. */
export function storeChoices(
  choices: readonly Choice[],
  addedBy: string,
  store: ListStore,
  isDry: boolean,
  counts: ImportCounts,
): string[] {
  const errors: string[] = [];
  const present = new Set(store.entries().map(({ list, pattern }) => `${list} ${pattern}`));
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
    if (!isDry) store.add({ ...entry, matchOn: "recipient" });
  }
  return errors;
}
