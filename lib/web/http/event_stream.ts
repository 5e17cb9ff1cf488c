/**
 * What is new, told to whoever listens (server-sent events, WHATWG HTML, 9.2). One look at the
 * database serves all listeners, and none is made while nobody listens.
 *
 * @module
 */
import { decisionAsJson } from "../../admin/record_json.ts";
import type { StatusService } from "../worker/status_service.ts";

/** How often is looked, in milliseconds. */
const PERIOD = 1000;

/** So many decisions are told at once; of more, the newest. */
const MOST = 50;

/** A line that says nothing keeps proxies from closing the connection: every so many looks. */
const SIGN_OF_LIFE = 15;

/** So many may listen at once. */
const MAX_LISTENERS = 200;

const encoder = new TextEncoder();

type Listener = ReadableStreamDefaultController<Uint8Array>;

/** Tells what is new. */
export class EventStream {
  readonly #desk: StatusService;
  readonly #listeners = new Set<Listener>();
  /** Those that were not told yet from when on they hear everything. */
  readonly #newcomers = new Set<Listener>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = 0;
  #revision = -1;
  #turns = 0;
  #isBehind = true;

  /** A feed that nobody listens to. */
  constructor(desk: StatusService) {
    this.#desk = desk;
  }

  /** A stream of events for one more listener; undefined if there are too many. */
  listen(): ReadableStream<Uint8Array> | undefined {
    if (this.#listeners.size >= MAX_LISTENERS) return undefined;
    let listener: Listener;
    return new ReadableStream({
      start: (controller) => {
        listener = controller;
        this.#listeners.add(controller);
        this.#newcomers.add(controller);
        controller.enqueue(encoder.encode("retry: 3000\n\n"));
        if (this.#timer !== undefined) return;
        this.#isBehind = true;
        this.#schedule(this.#look());
      },
      cancel: () => {
        this.#listeners.delete(listener);
        this.#newcomers.delete(listener);
      },
    });
  }

  /** Begins with what happens from now on: the database is another one. */
  beginAnew(): void {
    this.#isBehind = true;
  }

  /** Ends every stream. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    this.#newcomers.clear();
  }

  /** Begins with what happens from now on. */
  async #catchUp(): Promise<void> {
    const { rows } = await this.#desk.decisions({ text: "", limit: 1 });
    this.#last = rows[0]?.id ?? 0;
    this.#revision = await this.#desk.revision();
  }

  #schedule(before: Promise<void>): void {
    this.#timer = setTimeout(async () => {
      try {
        await before;
      } catch {
        // A database that is ill has nothing new to tell.
      }
      if (this.#listeners.size === 0) this.#timer = undefined;
      else if (this.#timer !== undefined) this.#schedule(this.#look());
    }, PERIOD);
  }

  async #look(): Promise<void> {
    if (this.#isBehind) {
      await this.#catchUp();
      this.#isBehind = false;
    }
    this.#turns++;
    if (this.#turns % SIGN_OF_LIFE === 0) this.#tell(": \n\n");
    const { rows } = await this.#desk.decisions({ text: "", limit: MOST });
    const fresh = rows.filter(({ id }) => id > this.#last).reverse();
    for (const row of fresh) {
      this.#last = row.id;
      const data = JSON.stringify(decisionAsJson(row));
      this.#tell(`event: decision\nid: ${row.id}\ndata: ${data}\n\n`);
    }
    const revision = await this.#desk.revision();
    if (revision !== this.#revision) {
      this.#revision = revision;
      this.#tell(`event: lists\ndata: {"revision":${revision}}\n\n`);
    }
    this.#tell(`event: begin\ndata: {"last":${this.#last}}\n\n`, this.#newcomers);
    this.#newcomers.clear();
  }

  #tell(text: string, listeners: ReadonlySet<Listener> = this.#listeners): void {
    const bytes = encoder.encode(text);
    for (const listener of listeners) {
      // Whoever does not read misses events, and not the memory of the daemon.
      if ((listener.desiredSize ?? 0) > -1000) listener.enqueue(bytes);
    }
  }
}
