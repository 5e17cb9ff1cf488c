/**
 * How the daemon fares, as plain data that can be told to another thread.
 *
 * @module
 */
import type { DnsHealth } from "../dns/resolver.ts";
import type { CounterSnapshot } from "./counters.ts";
import type { ToldFault } from "./event_log.ts";
import type { LastPass } from "./maintenance.ts";

/** How the daemon fares. Times are milliseconds since the epoch. */
export interface DaemonStatus {
  /** When it was started. */
  readonly started: number;
  /** The endpoints that are open. */
  readonly endpoints: readonly string[];
  /** Connections of Postfix that are open. */
  readonly connections: number;
  /** What was counted since the start. */
  readonly counters: CounterSnapshot;
  /** Whether the database worked when it was last used. */
  readonly databaseWorks: boolean;
  /** What went wrong since the start, the newest last. */
  readonly faults: readonly ToldFault[];
  /** How DNS answered since the start. */
  readonly dns: DnsHealth;
  /** The last time that everything expired was removed; absent while that has not happened. */
  readonly lastPass?: LastPass;
}
