/**
 * The status page without listener and daemon: requests in, responses out.
 *
 * @module
 */
import { Counters } from "../../lib/daemon/counters.ts";
import type { PageEvent } from "../../lib/daemon/events.ts";
import { hashPassword, hashToken } from "../../lib/admin/secrets.ts";
import type { DaemonStatus } from "../../lib/daemon/daemon_status.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { daemonSettings } from "../../lib/config/module_settings.ts";
import { combine } from "../../lib/config/load.ts";
import { statusHandler } from "../../lib/web/http/app.ts";
import { DaemonLink } from "../../lib/web/worker/daemon_link.ts";
import { StatusService } from "../../lib/web/worker/status_service.ts";
import { EventStream } from "../../lib/web/http/event_stream.ts";
import { PageMemory } from "../../lib/web/http/page_memory.ts";
import { parseNetwork } from "../../lib/net/network.ts";
import { RIGHTS } from "../../lib/notify/settings.ts";
import type { StatusSettings } from "../../lib/web/settings.ts";
import { inDirectory } from "../daemon.ts";
import { recordDecisions } from "../store/records.ts";
import { seed } from "./seed.ts";

export const PASSWORD = "correct horse battery";

/** A token with write access, and a read-only token. */
export const TOKEN = "greylag_may-change";
export const READ_TOKEN = "greylag_may-read";

/** Headers of API requests. */
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
export const JSON_TYPE = { "content-type": "application/json" };

/** The status of an idle daemon. */
export const DAEMON_STATUS: DaemonStatus = {
  started: 1_700_000_000_000,
  endpoints: ["inet:127.0.0.1:10023"],
  connections: 0,
  counters: new Counters().snapshot(),
  databaseWorks: true,
  errors: [],
  dns: { answered: 0, failed: 0 },
  dnsLists: [],
  lists: [],
};

export interface Setup {
  readonly settings?: Partial<StatusSettings>;
  readonly seeded?: boolean;
  readonly obstacles?: readonly string[];
  readonly daemonStatus?: Partial<DaemonStatus>;
  readonly privacy?: boolean;
  readonly now?: number;
}

/** A status page under test. */
export interface Page {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  send(
    method: string,
    path: string,
    body: string | undefined,
    headers?: Record<string, string>,
    address?: string,
  ): Promise<Response>;
  /** Submits a form like a browser. */
  post(path: string, fields: Record<string, string>, session?: SignedIn): Promise<Response>;
  signIn(): Promise<SignedIn>;
  /** A connection to the page's database. */
  readonly store: Store;
  readonly service: StatusService;
  readonly eventStream: EventStream;
  /** Events sent to the daemon. */
  readonly events: PageEvent[];
  readonly clock: { now: number; elapsed: number };
}

/** The state of a signed-in browser. */
export interface SignedIn {
  readonly cookie: string;
  readonly csrf: string;
}

const HOST = "localhost";
const BROWSER = {
  host: HOST,
  origin: `http://${HOST}`,
  "sec-fetch-site": "same-origin",
  "content-type": "application/x-www-form-urlencoded",
};

const DEFAULTS = combine({ file: undefined, environment: () => undefined, flags: new Map() });

let hash: string | undefined;

export async function withPage(
  body: (page: Page) => Promise<void>,
  setup: Setup = {},
): Promise<void> {
  const { obstacles = [], daemonStatus = {}, seeded = false, privacy = false } = setup;
  hash ??= await hashPassword(PASSWORD);
  await inDirectory(async (directory) => {
    const { engine } = daemonSettings(DEFAULTS.values);
    const settings: StatusSettings = {
      endpoint: { kind: "inet", host: "127.0.0.1", port: 10623 },
      names: ["status.example.net"],
      prefix: "",
      trustedProxies: ["127.0.0.1", "::1"].map((text) => parseNetwork(text)!),
      maxConnections: 256,
      isPrivate: false,
      helpText: "",
      helpContact: "",
      store: { database: `${directory}/g.db`, privacy },
      rules: engine.rules,
      whitelistClients: [],
      whitelistRecipients: [],
      builtinList: true,
      hostname: "mx.example.net",
      version: "0.1.0",
      released: 0,
      inForce: [
        { name: "delay", value: '"50s"', source: "default" },
        { name: "mode", value: '"all"', source: "/etc/greylag.toml:7" },
      ],
      recipients: { users: [], rights: RIGHTS, publicUrl: "" },
      ...setup.settings,
    };
    const clock = { now: setup.now ?? Date.now(), elapsed: 0 };
    const store = openStore(settings.store);
    if (seeded) seed(store, clock.now);
    store.credentials.put({ kind: "password", name: "", hash: hash!, created: 1 });
    for (
      const [kind, name, token] of [["token", "script", TOKEN], [
        "read-token",
        "mon",
        READ_TOKEN,
      ]] as const
    ) {
      store.credentials.put({ kind, name, hash: hashToken(token), created: 1 });
    }
    const events: PageEvent[] = [];
    const link: DaemonLink = new DaemonLink((message) => {
      if (message.kind === "event") events.push(message.event);
      if (message.kind !== "report-request") return;
      const report = {
        daemonStatus: { ...DAEMON_STATUS, ...daemonStatus },
        obstacles: message.writeTest ? obstacles : undefined,
        warnings: [],
        log: message.writeTest ? ["first <line>", "last line"] : [],
      };
      queueMicrotask(() => link.receive(message.request, report));
    });
    const service = new StatusService(settings, link, () => clock.now);
    const eventStream = new EventStream(service, 20);
    const elapsed = () => clock.elapsed;
    const memory = new PageMemory((remembered) => link.remember(remembered), elapsed);
    const handle = statusHandler(service, eventStream, memory, elapsed);
    const send: Page["send"] = (method, path, text, headers = {}, address = "127.0.0.1") =>
      handle(
        new Request(`http://${HOST}${path}`, {
          method,
          headers: { host: HOST, ...headers },
          ...(text === undefined ? {} : { body: text }),
        }),
        address,
      );
    const post: Page["post"] = (path, fields, session) =>
      send(
        "POST",
        path,
        new URLSearchParams(session === undefined ? fields : { csrf: session.csrf, ...fields })
          .toString(),
        session === undefined ? BROWSER : { ...BROWSER, cookie: session.cookie },
      );
    const page: Page = {
      get: (path, headers) => send("GET", path, undefined, headers),
      send,
      post,
      async signIn() {
        const answer = await post("/sign-in", { password: PASSWORD, then: "/lists" });
        const cookie = answer.headers.get("set-cookie")!.split(";")[0]!;
        const text = await (await page.get("/lists", { cookie })).text();
        return { cookie, csrf: /name="csrf" value="([^"]+)"/.exec(text)![1]! };
      },
      store,
      service,
      eventStream,
      events,
      clock,
    };
    try {
      await body(page);
    } finally {
      eventStream.stop();
      service.close();
      store.close();
    }
  });
}

/** Records the first attempt of a message. */
export function recordDeferral({ store, clock }: Page, sender: string): void {
  recordDecisions(store, 1, { time: clock.now, clientName: "unknown", sender });
}
