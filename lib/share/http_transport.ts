/**
 * Changes from the status page of another site.
 *
 * @module
 */
import { messageOf } from "../text/error_message.ts";
import { SECOND } from "../text/duration.ts";
import { withRemedy } from "./certificates.ts";
import type { PeerTarget } from "./target.ts";
import { CHANGES_PATH, parseJson, readPage, SCHEME, type SitePage } from "./wire.ts";

/** Of a connection and a page. */
const TIMEOUT_MS = 3 * SECOND;

/** Bytes of a page. */
const MAX_BYTES = 16 * 1024 * 1024;

async function limitedText(response: Response): Promise<string> {
  let size = 0;
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`the answer exceeds ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** `fetch failed` has the reason in its cause, after the URL. */
function connectionError(error: unknown): string {
  const cause = error instanceof Error ? error.cause ?? error : error;
  return messageOf(cause).replace(/^error sending request[^]*?: (?:client error \(\w+\): )?/, "")
    .replace(/ \(os error \d+\)$/, "");
}

function explain(status: number, text: string): string {
  switch (status) {
    case 401:
    case 403:
      return "it does not accept the token: share_password_file must be the same at both sites";
    case 404:
      return "it does not share, or the path of the URL is not that of its status page";
    case 421:
      return "it does not know this host name: add it to status_names there";
    default:
      return `it answers ${status}: ${text.slice(0, 200).trim()}`;
  }
}

/**
 * Reads one page after a position.
 *
 * @param site the name of this site.
 * @throws {Error} with the reason.
 */
export async function fetchPage(
  { url }: PeerTarget,
  token: string,
  site: string,
  position: string,
  client: Deno.HttpClient,
): Promise<SitePage> {
  const query = new URLSearchParams({ after: position, site });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}${CHANGES_PATH}?${query}`, {
      headers: { authorization: `${SCHEME} ${token}`, accept: "application/json" },
      redirect: "error",
      client,
      signal,
    });
    text = await limitedText(response);
  } catch (error) {
    if (signal.aborted) {
      throw new Error(`no answer within ${TIMEOUT_MS / 1000} s`, { cause: error });
    }
    throw new Error(withRemedy(connectionError(error)), { cause: error });
  }
  if (!response.ok) throw new Error(explain(response.status, text));
  const page = readPage(parseJson(text));
  if (page === undefined) throw new Error("the answer is not a page of Greylag's changes");
  return page;
}
