import { pause } from "../eventually.ts";
import { PolicyClient } from "../policy_client.ts";

/** `deno task torture` runs for hours. */
export const TORTURE = Deno.env.get("GREYLAG_TORTURE") !== undefined;

/** The size of a test in `deno task trouble` and in `deno task torture`. */
export function scale(trouble: number, torture: number): number {
  return TORTURE ? torture : trouble;
}

/** Prints a measurement that no assertion judges. */
export function report(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`    ${text}\n`));
}

/** A number in letters, since normalisation folds the digits of a sender (VERP). */
export function letters(number: number): string {
  return [...number.toString(26)].map((digit) => String.fromCharCode(97 + parseInt(digit, 26)))
    .join("");
}

/** Connects to a Unix socket; retries while the backlog of the listener is full, as Postfix does. */
export async function connectTo(path: string): Promise<Deno.UnixConn> {
  while (true) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await pause(5);
    }
  }
}

/** A policy client on a Unix socket. */
export async function clientOf(path: string): Promise<PolicyClient> {
  return new PolicyClient(await connectTo(path));
}

/**
 * Sends first contacts, each connection one after the other, until the server or the signal ends it.
 *
 * @param onReply gets the sender of each request that was answered, and the reply.
 */
export async function firstContacts(
  path: string,
  connections: number,
  prefix: string,
  onReply: (sender: string, reply: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      using client = await clientOf(path);
      for (let at = 0; !signal.aborted; at++) {
        const sender = `${prefix}.${letters(connection)}.${letters(at)}@example.org`;
        const reply = await client.ask({ sender });
        if (reply === undefined) break;
        onReply(sender, reply);
      }
    }),
  );
}
