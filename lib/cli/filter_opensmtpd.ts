import { type Endpoint, formatEndpoint, parseEndpoint } from "../net/endpoint.ts";
import { FilterSessions, REGISTRATION, resultLine, type Step } from "../opensmtpd/filter.ts";
import { PolicyClient } from "../postfix/policy_client.ts";
import { socketPathError } from "../sockets/listen.ts";
import { messageOf } from "../text/error_message.ts";
import type { Command } from "./command.ts";
import { DATABASE_OPTIONS, parseInvocation, textOf } from "./invocation.ts";
import type { Output } from "./output.ts";
import { type Option, refuseRest, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "policy",
    placeholder: "ENDPOINT",
    help: "Endpoint of the daemon (default: the first one of the setting listen).",
  },
];

/** Milliseconds; after that the mail passes. */
const TIMEOUT = 10_000;

/** Milliseconds between two messages about a daemon that does not answer. */
const REPORT_PERIOD = 60_000;

/** Longest line of smtpd in characters; the protocol has no limit of its own. */
const MAX_LINE = 65_536;

class Filter {
  readonly #endpoint: Endpoint;
  readonly #output: Output;
  readonly #sessions = new FilterSessions();
  readonly #clients = new Map<string, PolicyClient>();
  readonly #open = new Set<Promise<void>>();
  #reportedAt = -Infinity;

  constructor(endpoint: Endpoint, output: Output) {
    this.#endpoint = endpoint;
    this.#output = output;
  }

  line(text: string): void {
    const step = this.#sessions.handle(text);
    if (step?.kind === "register") this.#output.print(`${REGISTRATION.join("\n")}\n`);
    if (step?.kind === "proceed") this.#say(step, { kind: "accept", text: "" });
    if (step?.kind === "ask") {
      const answered = this.#ask(step).finally(() => this.#open.delete(answered));
      this.#open.add(answered);
    }
    if (step?.kind === "end") {
      this.#clients.get(step.session)?.close();
      this.#clients.delete(step.session);
    }
  }

  /** Waits for the answers that are still open. */
  async end(): Promise<void> {
    await Promise.all(this.#open);
    for (const client of this.#clients.values()) client.close();
  }

  async #ask(step: Extract<Step, { kind: "ask" }>): Promise<void> {
    let client = this.#clients.get(step.session);
    if (client === undefined) {
      client = new PolicyClient(this.#endpoint, TIMEOUT);
      this.#clients.set(step.session, client);
    }
    try {
      this.#say(step, await client.ask(step.attributes));
    } catch (error) {
      this.#say(step, { kind: "accept", text: "" });
      this.#report(`${messageOf(error)}. Mail passes without greylisting`);
    }
  }

  #say(step: { session: string; token: string }, result: Parameters<typeof resultLine>[2]): void {
    this.#output.print(`${resultLine(step.session, step.token, result)}\n`);
  }

  #report(text: string): void {
    if (performance.now() - this.#reportedAt < REPORT_PERIOD) return;
    this.#reportedAt = performance.now();
    this.#output.complain(`greylag: ${text}\n`);
  }
}

async function* linesOf(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of bytes) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split("\n");
    text = lines.pop()!.slice(0, MAX_LINE);
    yield* lines;
  }
}

export const filterOpensmtpd: Command = {
  name: "filter-opensmtpd",
  summary: "run as a filter of OpenSMTPD that asks the daemon",
  usage: "[--policy ENDPOINT]",
  description: [
    "smtpd starts it and speaks its filter protocol on standard input and output. In smtpd.conf: " +
    'filter "greylag" proc-exec "/usr/local/bin/greylag filter-opensmtpd"',
    "Without an answer of the daemon within 10 s mail passes. The header X-Greylist is not added: " +
    "that would send every line of every message through the filter.",
  ],
  options: [...DATABASE_OPTIONS.filter(({ name }) => name === "config"), ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    refuseRest(invocation.rest);
    const given = textOf(invocation, "policy");
    const endpoint = given === undefined
      ? invocation.configuration.values.listen[0]
      : parseEndpoint(given);
    if (endpoint === undefined) {
      throw new UsageError(`--policy must be inet:HOST:PORT or unix:PATH, not "${given}"`);
    }
    const tooLong = endpoint.kind === "unix" ? socketPathError(endpoint.path) : undefined;
    if (tooLong !== undefined) throw new UsageError(`--policy: ${tooLong}`);
    output.complain(`greylag: filter of OpenSMTPD, asking ${formatEndpoint(endpoint)}\n`);
    const filter = new Filter(endpoint, output);
    for await (const line of linesOf(Deno.stdin.readable)) filter.line(line);
    await filter.end();
    return 0;
  },
};
