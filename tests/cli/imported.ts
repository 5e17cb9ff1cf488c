/**
 * Databases after an import.
 *
 * @module
 */
import { makeAttempt, UNLISTED } from "../../lib/greylist/attempt.ts";
import { decide } from "../../lib/greylist/decide.ts";
import { NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import type { Memory } from "../../lib/greylist/memory.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { RULES } from "../greylist/world.ts";
import { inDirectory } from "../daemon.ts";
import { greylag as runGreylag, type Run } from "./database.ts";

/** Seconds since the epoch. */
export const NOW = Math.floor(Date.now() / 1000);

/** A time in ISO 8601, in UTC without a zone. */
export const timeBefore = (ago: number) => new Date((NOW - ago) * 1000).toISOString().slice(0, 19);

/** A body with an empty database, its directory, and a function that reads its records. */
export async function withDatabase(
  body: (
    run: Run,
    directory: string,
    read: <T>(use: (memory: Memory) => T) => T,
  ) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    const settings = { database: `${directory}/g.db`, privacy: false };
    await openStore(settings).close();
    await body(
      (...args) => runGreylag(...args, `--database=${settings.database}`),
      directory,
      (use) => {
        using store = closing(openStore(settings));
        let found: { readonly value: ReturnType<typeof use> } | undefined;
        store.greylist.exchange((memory) => {
          found = { value: use(memory) };
          return [];
        });
        return found!.value;
      },
    );
  });
}

function closing(store: Store): Store & Disposable {
  return Object.assign(store, { [Symbol.dispose]: () => store.close() });
}

/** The verdict on an attempt now, as `decision reason`. */
export function verdictOn(
  memory: Memory,
  client: string,
  clientName: string,
  sender: string,
  recipient: string,
): string {
  const attempt = makeAttempt({
    stage: "RCPT",
    authenticated: false,
    address: parseAddress(client)!,
    clientName,
    heloName: "",
    sender,
    recipient,
    instance: "",
  }, "+");
  const about = { attempt, listing: UNLISTED, evidence: NO_EVIDENCE, listsAreFresh: true };
  const decision = decide(about, memory, { ...RULES, sampleKey: "" }, Date.now());
  if ("ask" in decision) throw new Error(`the decision asks for ${decision.ask}`);
  return `${decision.verdict.decision} ${decision.verdict.reason}`;
}
