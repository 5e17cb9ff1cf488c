/**
 * The daemon's end of the replicator: merges what its thread received, in slices so small that no
 * request notices, and keeps the state of the other sites.
 *
 * @module
 */
import { nextRows } from "../daemon/maintenance.ts";
import { startThread, threadModule, type ThreadPermissions } from "../daemon/thread.ts";
import type { ShareStore } from "../store/share_table.ts";
import { DatabaseError } from "../store/database_error.ts";
import { DAY, MINUTE, SECOND } from "../text/duration.ts";
import { directoryOf } from "../text/path.ts";
import type { ReceivedPage, ToDaemon, ToReplicator } from "./messages.ts";
import { incarnationOf, OWN_PEER } from "./peer_id.ts";
import type { ShareSettings } from "./settings.ts";
import { readState, type ShareStatus, siteName, type SiteState } from "./status.ts";

const FIRST_ROWS = 50;
const RESTART_DELAY_MS = 5 * SECOND;
/** States are written to the database this often, for `greylag sites` and `greylag doctor`. */
const STATE_PERIOD = 5 * SECOND;
const PRUNE_PERIOD = MINUTE;
/** A site that was not reached for this long counts nothing. */
const ABSENT_AFTER = DAY;

export interface ShareEvents {
  /** A site is read again, or for the first time. */
  reached(site: string): void;
  /** A site is not read any more. */
  failed(site: string, why: string): void;
  bug(error: unknown): void;
}

/** The hosts of the settings, and the database of the daemon. */
export function permissionsFor({ targets, store }: ShareSettings): ThreadPermissions {
  const directory = directoryOf(store.database);
  const sockets = targets.map(({ address }) => address).filter((one) => one.startsWith("/"));
  return {
    read: [directory, ...sockets],
    write: [directory, ...sockets],
    // A Unix socket needs the broad permission.
    net: sockets.length > 0 ? true : targets.map(({ address }) => address),
  };
}

export class ShareThread {
  readonly #settings: ShareSettings;
  readonly #store: ShareStore;
  readonly #events: ShareEvents;
  readonly #started = Date.now();
  readonly #states = new Map<string, SiteState>();
  /** States that changed since they were written. */
  readonly #unwritten = new Set<string>();
  /** The error that was last reported of a site; empty for none. */
  readonly #reported = new Map<string, string>();
  #worker: Worker | undefined;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #timers: ReturnType<typeof setInterval>[];
  #rows = FIRST_ROWS;
  /** Pages are merged one after another. */
  #merging: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(settings: ShareSettings, store: ShareStore, events: ShareEvents) {
    this.#settings = settings;
    this.#store = store;
    this.#events = events;
    this.#timers = [
      setInterval(() => this.#writeStates(), STATE_PERIOD),
      setInterval(() => this.#attempt(() => store.prune(Date.now())), PRUNE_PERIOD),
    ];
    this.#start();
    this.#writeStates();
  }

  get status(): ShareStatus {
    let outboxRows = 0;
    this.#attempt(() => outboxRows = this.#store.outboxRows());
    return {
      name: this.#settings.name,
      started: this.#started,
      outboxRows,
      sites: [...this.#states.values()],
    };
  }

  /** The database is another file now. */
  reopen(): void {
    this.#send({ kind: "reopen", positions: this.#readPeers() });
  }

  /** Ends the thread; what it was reading is read again at the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#restartTimer);
    for (const timer of this.#timers) clearInterval(timer);
    this.#worker?.terminate();
    this.#worker = undefined;
    await this.#merging;
    this.#writeStates();
  }

  /** The store reports its own errors. */
  #attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!(error instanceof DatabaseError)) this.#events.bug(error);
      return false;
    }
  }

  /** The positions of the peers; forgets those that are not in the settings any more. */
  #readPeers(): Record<string, string> {
    const positions: Record<string, string> = {};
    const urls = new Set(this.#settings.targets.map(({ url }) => url));
    const isShared = this.#settings.targets.some(({ kind }) => kind === "database");
    this.#attempt(() => {
      for (const { id, position, state } of this.#store.peers()) {
        if (!urls.has(id) && !(isShared && (id === OWN_PEER || incarnationOf(id) !== undefined))) {
          this.#store.removePeer(id);
          continue;
        }
        positions[id] = position;
        if (id !== OWN_PEER && !this.#states.has(id)) {
          const { error: _, ...known } = readState(id, state);
          this.#states.set(id, known);
        }
      }
    });
    for (const url of urls) if (!this.#states.has(url)) this.#states.set(url, { id: url });
    return positions;
  }

  #start(): void {
    const worker = startThread(
      threadModule("lib/share/share_worker.ts"),
      permissionsFor(this.#settings),
    );
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<ToDaemon>) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#events.bug(new Error(`the thread of sharing failed: ${event.message}`));
      worker.terminate();
      if (this.#worker !== worker || this.#isStopped) return;
      this.#worker = undefined;
      this.#restartTimer = setTimeout(() => this.#start(), RESTART_DELAY_MS);
    };
    this.#send({ kind: "start", settings: this.#settings, positions: this.#readPeers() });
  }

  #send(message: ToReplicator): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: ToDaemon): void {
    switch (message.kind) {
      case "page": {
        const { page } = message;
        this.#merging = this.#merging.then(async () => {
          const ok = await this.#merge(page);
          this.#send({ kind: "merged", id: page.id, ok });
        });
        return;
      }
      case "state":
        return this.#takeState(message.state);
      case "gone":
        this.#states.delete(message.id);
        this.#unwritten.delete(message.id);
        this.#attempt(() => this.#store.removePeer(message.id));
    }
  }

  #takeState(state: SiteState): void {
    this.#states.set(state.id, state);
    this.#unwritten.add(state.id);
    const before = this.#reported.get(state.id);
    const now = state.error ?? (state.contact === undefined ? undefined : "");
    if (now === undefined || now === before) return;
    this.#reported.set(state.id, now);
    if (now === "") this.#events.reached(siteName(state));
    else this.#events.failed(siteName(state), now);
  }

  /** @returns false if the database failed. */
  async #merge({ id, from, changes, position }: ReceivedPage): Promise<boolean> {
    const { retryWindow, lifetime } = this.#settings.agreement;
    for (let at = 0; at === 0 || at < changes.length;) {
      if (this.#isStopped) return false;
      const slice = changes.slice(at, at + this.#rows);
      at += Math.max(1, slice.length);
      const reached = at >= changes.length ? { id, position } : undefined;
      const begin = performance.now();
      const ok = this.#attempt(() => {
        const rules = { retryWindow, lifetime, now: Date.now() };
        const { hasOrders } = this.#store.merge(from, slice, rules, reached);
        if (hasOrders) this.#send({ kind: "carry-out-orders" });
      });
      if (!ok) return false;
      const took = performance.now() - begin;
      if (slice.length === this.#rows) this.#rows = nextRows(this.#rows, took);
      // As long again belongs to the requests.
      if (at < changes.length) await new Promise((resolve) => setTimeout(resolve, took));
    }
    return true;
  }

  #writeStates(): void {
    this.#attempt(() => {
      const peers = this.#store.peers();
      const positions = new Map(peers.map(({ id, position }) => [id, position]));
      for (const { id, state } of peers) {
        const incarnation = incarnationOf(id);
        if (incarnation === undefined || !readState(id, state).isRemoved) continue;
        this.#send({ kind: "remove", incarnation });
        this.#unwritten.delete(id);
      }
      for (const id of this.#unwritten) {
        const state = this.#states.get(id);
        if (state === undefined) continue;
        const position = positions.get(id) ?? "";
        this.#store.putPeer({ id, position, state: JSON.stringify(state) });
      }
      this.#unwritten.clear();
      const now = Date.now();
      const live = [...this.#states.values()].filter(({ header, contact = 0 }) =>
        header !== undefined && now - contact < ABSENT_AFTER
      );
      this.#store.setOthers(live.map(siteName));
      this.#store.limitPending(this.#settings.maxPendingPerNetwork);
    });
  }
}
