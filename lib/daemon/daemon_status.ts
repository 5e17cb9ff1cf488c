/**
 * The daemon's state as plain data, for the thread of the status page. Health (`web/worker/health.ts`)
 * adds what is wrong and what to do; metrics (`web/api/metrics.ts`) render it for Prometheus.
 *
 * @module
 */
import type { ZoneHealth } from "../dns/dnsbl.ts";
import type { DnsHealth } from "../dns/resolver.ts";
import type { UnusableList } from "../lists/list_file.ts";
import type { CounterSnapshot } from "./counters.ts";
import type { RecurringError } from "./error_registry.ts";
import type { LastPass } from "./maintenance.ts";

/** Times are milliseconds since the epoch. */
export interface DaemonStatus {
  readonly started: number;
  /** Open endpoints. */
  readonly endpoints: readonly string[];
  /** Open connections of Postfix. */
  readonly connections: number;
  /** Since the start. */
  readonly counters: CounterSnapshot;
  /** The last use of the database succeeded. */
  readonly databaseWorks: boolean;
  /** Since the start, the most recent last. */
  readonly errors: readonly RecurringError[];
  /** Since the start. */
  readonly dns: DnsHealth;
  /** The DNS lists that were tested so far. */
  readonly dnsLists: readonly ZoneHealth[];
  /** List files that cannot be used now. */
  readonly lists: readonly UnusableList[];
  /** Absent until the first pass is complete. */
  readonly lastPass?: LastPass;
}
