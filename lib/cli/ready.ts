import type { Values } from "../config/settings.ts";
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { probe } from "../postfix/probe.ts";
import { formatDuration } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import { ADMIN_OPTIONS, durationOf, parseAdmin } from "./admin.ts";
import type { Command } from "./command.ts";
import { type Option, refuseRest } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "wait",
    placeholder: "TIME",
    help: "Repeat the check for this time until it succeeds (default: 1s).",
  },
];

const PAUSE = 100;

const TIMEOUT_MS = 3000;

/** Requests /readyz (RFC 9112). */
async function askPage(endpoint: Endpoint): Promise<[code: number, text: string]> {
  using conn = endpoint.kind === "unix"
    ? await Deno.connect({ transport: "unix", path: endpoint.path })
    // A wildcard address is no destination.
    : await Deno.connect({
      hostname: endpoint.host.replace(/^0\.0\.0\.0$|^::$/, "127.0.0.1"),
      port: endpoint.port,
    });
  const question = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  await conn.write(new TextEncoder().encode(question));
  const buffer = new Uint8Array(16_384);
  let text = "";
  for (let count; (count = await conn.read(buffer)) !== null;) {
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const [head = "", body = ""] = text.split("\r\n\r\n", 2);
  return [Number(head.split(" ")[1]), body.trim()];
}

/** @returns the reason why the daemon is not ready, or undefined. */
async function reasonNotReady({ status, listen }: Values): Promise<string | undefined> {
  const endpoint = status === "off" ? listen[0]! : status;
  const where = formatEndpoint(endpoint);
  const controller = new AbortController();
  const late = new Promise<string>((resolve) => {
    const timer = setTimeout(
      () => resolve(`${where}: no answer within ${formatDuration(TIMEOUT_MS)}`),
      TIMEOUT_MS,
    );
    controller.signal.addEventListener("abort", () => clearTimeout(timer));
  });
  const asked = async () => {
    try {
      if (status === "off") {
        return await probe(endpoint, TIMEOUT_MS) ? undefined : `${where} is not a policy server`;
      }
      const [code, text] = await askPage(endpoint);
      return code === 200 ? undefined : `${where}: ${text}`;
    } catch (error) {
      return `${where}: ${messageOf(error)}`;
    }
  };
  try {
    return await Promise.race([asked(), late]);
  } finally {
    controller.abort();
  }
}

export const ready: Command = {
  name: "ready",
  summary: "check that the daemon is ready, for scripts",
  usage: "[--wait TIME]",
  description: [
    'Queries the status page (/readyz), or with status = "off" the policy endpoint. The exit code is ' +
    "0 if the daemon is ready, or 1 with the reason on standard error.",
  ],
  options: [...ADMIN_OPTIONS.filter(({ name }) => name === "config"), ...OWN],
  async run(args, output) {
    const admin = parseAdmin(args, OWN);
    refuseRest(admin.rest);
    const end = performance.now() + durationOf(admin, "wait", 1000);
    const { values } = admin.configuration;
    while (true) {
      const why = await reasonNotReady(values);
      if (why === undefined) {
        output.print("ready\n");
        return 0;
      }
      if (performance.now() >= end) {
        output.complain(`greylag: not ready: ${why}\n`);
        return 1;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  },
};
