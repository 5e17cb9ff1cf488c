/**
 * Notices for administrators: possibly lost mail, something wrong, a flood.
 *
 * @module
 */
import { clientOf, type Notice } from "./notice.ts";
import { findLost, LOST_AFTER, LOST_THRESHOLD } from "../admin/queries.ts";
import { checkDiskSpace } from "../admin/system_checks.ts";
import type { DaemonEvent } from "../daemon/events.ts";
import { messagesOf } from "../daemon/event_text.ts";
import type { DnsHealth } from "../dns/resolver.ts";
import type { HistoryStore } from "../store/history.ts";
import { DAY, formatDuration, HOUR, MINUTE, WEEK } from "../text/duration.ts";
import { digestBoundary } from "./digest.ts";
import { CONTACT_FLOOD, FloodWatch, silenceLimit } from "./limits.ts";
import type { NotifySettings } from "./settings.ts";
import type { NoticeTimes } from "./times.ts";

export interface AdminWatchOptions {
  readonly history: Pick<HistoryStore, "findDeferrals" | "retriedDomains" | "tallies">;
  readonly times: NoticeTimes;
  /** To all of the administrator's targets. */
  readonly post: (notice: Notice) => void;
  readonly dns: () => DnsHealth;
}

/** Events of something that stays wrong until somebody acts. */
const TROUBLE: ReadonlySet<DaemonEvent["kind"]> = new Set<DaemonEvent["kind"]>([
  "database-failed",
  "database-set-aside",
  "database-replaced",
  "database-shared",
  "list-failed",
  "page-failed",
  "page-crashed",
  "accept-failed",
  "bug",
]);

/** Time between two notices of one cause, and of any. */
const CAUSE_PERIOD = DAY;
const MAX_HOURLY = 3;

/** DNS has to fail for so long. */
const DNS_FAILING = 10 * MINUTE;

/** Newest tallies from which the usual silence of Postfix is learned. */
const TALLIES = 2 * WEEK;

/** Messages of a notice. */
const MAX_ITEMS = 10;

const QUERY_TIMEOUT_MS = 40;

export class AdminWatch {
  readonly #options: AdminWatchOptions;
  #settings: Pick<NotifySettings, "events" | "database">;
  readonly #contacts = new FloodWatch(CONTACT_FLOOD);
  #dnsFailingSince: number | undefined;
  #lastRequest: number;
  #hour = { since: 0, count: 0 };

  constructor(
    settings: Pick<NotifySettings, "events" | "database">,
    options: AdminWatchOptions,
    now: number,
  ) {
    this.#settings = settings;
    this.#options = options;
    this.#lastRequest = now;
  }

  configure(settings: Pick<NotifySettings, "events" | "database">): void {
    this.#settings = settings;
  }

  handle(event: DaemonEvent, now: number): void {
    if (event.kind === "decision") {
      this.#lastRequest = now;
      const { verdict } = event;
      if (verdict.reason === "new" && this.#contacts.count(now)) {
        this.tellFlood(now, CONTACT_FLOOD.count);
      }
      return;
    }
    if (!TROUBLE.has(event.kind)) return;
    for (const { level, text, errorKey } of messagesOf(event)) {
      if (level !== "info") this.#trouble(errorKey ?? event.kind, text, "", now);
    }
  }

  tellFlood(now: number, count: number): void {
    if (!this.#settings.events.includes("flood")) return;
    if (this.#options.times.take("flood", DAY, now)) this.#options.post({ kind: "flood", count });
  }

  /** To be called about once a minute. */
  check(now: number): void {
    if (this.#settings.events.includes("trouble")) {
      this.#checkDisk(now);
      this.#checkDns(now);
      this.#checkSilence(now);
    }
    if (this.#settings.events.includes("lost")) this.#checkLost(now);
  }

  #trouble(cause: string, text: string, remedy: string, now: number): void {
    if (!this.#settings.events.includes("trouble")) return;
    if (Math.abs(now - this.#hour.since) >= HOUR) this.#hour = { since: now, count: 0 };
    if (this.#hour.count >= MAX_HOURLY) return;
    if (!this.#options.times.take(`trouble ${cause}`, CAUSE_PERIOD, now)) return;
    this.#hour.count++;
    this.#options.post({ kind: "trouble", text, remedy });
  }

  #checkDisk(now: number): void {
    try {
      for (const { what, remedy } of checkDiskSpace(this.#settings.database)) {
        this.#trouble("disk", what, remedy, now);
      }
    } catch {
      // A database without a file has an event of its own.
    }
  }

  #checkDns(now: number): void {
    const { works, lastFailure } = this.#options.dns();
    if (works !== false) {
      this.#dnsFailingSince = undefined;
      return;
    }
    this.#dnsFailingSince ??= now;
    if (now - this.#dnsFailingSince < DNS_FAILING) return;
    this.#trouble(
      "dns",
      `DNS does not answer: ${lastFailure?.why ?? "no reply"}`,
      "Check dns_servers and /etc/resolv.conf. Until then new clients have no evidence from SPF and DNS lists.",
      now,
    );
  }

  #checkSilence(now: number): void {
    const silent = now - this.#lastRequest;
    if (silent < HOUR) return;
    const tallies = this.#options.history.tallies(now - TALLIES);
    const limit = silenceLimit([...new Set(tallies.map(({ hour }) => hour))]);
    if (limit === undefined || silent < limit) return;
    this.#trouble(
      "silence",
      `Postfix has sent no request for ${formatDuration(silent)}, which is unusually long`,
      "Check that Postfix runs and still calls Greylag: greylag doctor.",
      now,
    );
  }

  /** Mail that became possibly lost since the last notice. */
  #checkLost(now: number): void {
    const { times, history, post } = this.#options;
    const last = times.lastUntil("lost", now);
    if (last !== undefined && last >= digestBoundary(now, "day")) return;
    times.set("lost", now);
    const since = last ?? now - DAY;
    const { rows } = findLost(history, {
      text: "",
      limit: 1000,
      threshold: LOST_THRESHOLD,
      timeoutMs: QUERY_TIMEOUT_MS,
    }, now - LOST_AFTER);
    const fresh = rows.filter(({ deferral }) => deferral.lastSeen >= since - LOST_AFTER);
    if (fresh.length === 0) return;
    const items = fresh.slice(0, MAX_ITEMS).map(({ deferral }) => ({
      sender: deferral.sender,
      recipient: deferral.recipient,
      client: clientOf(deferral),
    }));
    post({ kind: "lost", count: fresh.length, items });
  }
}
