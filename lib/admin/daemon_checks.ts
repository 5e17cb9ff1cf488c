/**
 * Checks of a running daemon from another process: its policy endpoints and its status page.
 *
 * @module
 */
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import type { Finding } from "../postfix/postconf.ts";
import { probe } from "../postfix/probe.ts";
import { formatDuration, SECOND } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";

const TIMEOUT_MS = 3 * SECOND;

/** @returns the reason why an endpoint does not answer the policy protocol, or undefined. */
export async function policyObstacle(endpoint: Endpoint): Promise<string | undefined> {
  const where = formatEndpoint(endpoint);
  try {
    return await probe(endpoint, TIMEOUT_MS) ? undefined : `${where} is not a policy server`;
  } catch (error) {
    return `cannot connect to ${where}: ${messageOf(error)}`;
  }
}

/** Requests /readyz (RFC 9112). */
async function requestReadiness(conn: Deno.Conn): Promise<[code: number, text: string]> {
  const request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  await conn.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(16_384);
  let text = "";
  for (let count; (count = await conn.read(buffer)) !== null;) {
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const [head = "", body = ""] = text.split("\r\n\r\n", 2);
  return [Number(head.split(" ")[1]), body.trim()];
}

/** @returns what the status page reports, or the reason why it does not answer; undefined if ready. */
export async function pageObstacle(endpoint: Endpoint): Promise<string | undefined> {
  const where = `the status page on ${formatEndpoint(endpoint)}`;
  let conn: Deno.Conn;
  try {
    conn = endpoint.kind === "unix"
      ? await Deno.connect({ transport: "unix", path: endpoint.path })
      // A wildcard address is no destination.
      : await Deno.connect({
        hostname: endpoint.host.replace(/^0\.0\.0\.0$|^::$/, "127.0.0.1"),
        port: endpoint.port,
      });
  } catch (error) {
    return `${where} does not answer: ${messageOf(error)}`;
  }
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    conn.close();
  }, TIMEOUT_MS);
  try {
    const [code, text] = await requestReadiness(conn);
    if (code === 200) return undefined;
    // Only Greylag's page answers with 503 and its reasons.
    return code === 503 ? `${where} reports: ${text}` : `${where} is another program's`;
  } catch (error) {
    return isLate
      ? `${where} does not answer within ${formatDuration(TIMEOUT_MS)}`
      : `${where} does not answer: ${messageOf(error)}`;
  } finally {
    clearTimeout(timer);
    if (!isLate) conn.close();
  }
}

/** Policy endpoints that do not answer are errors; a status page that does not answer is a warning. */
export async function checkDaemon(
  endpoints: readonly Endpoint[],
  page: Endpoint | "off",
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const endpoint of endpoints) {
    const what = await policyObstacle(endpoint);
    if (what === undefined) continue;
    findings.push({
      severity: "error",
      what,
      remedy: what.startsWith("cannot connect")
        ? "Start greylag, or set `listen` to its endpoint."
        : "Find the program that listens there (ss -ltnp), or change `listen`.",
    });
  }
  if (page === "off" || findings.length > 0) return findings;
  const what = await pageObstacle(page);
  if (what === undefined) return findings;
  return [{
    severity: "warning",
    what,
    remedy:
      "Find the program that listens there (ss -ltnp), or change `status` and restart greylag. " +
      "Mail is not affected.",
  }];
}
