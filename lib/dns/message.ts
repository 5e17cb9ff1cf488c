/** DNS queries and replies as bytes (RFC 1035, section 4; RFC 6891). */
import { decodeMessage, encodeQuery, type Reply, type ResourceRecord } from "./wire.ts";

export type RecordType = "A" | "AAAA" | "MX" | "PTR" | "TXT";

/** Times to live are in seconds. */
export type DnsReply =
  | { readonly kind: "records"; readonly records: readonly string[]; readonly ttl: number }
  /** The name does not exist, or has no record of the type. */
  | { readonly kind: "no-name" | "no-data"; readonly ttl: number }
  /** The server cannot or will not answer. */
  | { readonly kind: "failure"; readonly why: string }
  /** The reply does not fit into a datagram. */
  | { readonly kind: "truncated" }
  /** The message does not belong to the query. */
  | { readonly kind: "unrelated" };

/** The largest datagram that is never fragmented in practice (RFC 9715). */
const UDP_SIZE = 1232;

/** Of a negative answer without a SOA record. */
const NEGATIVE_TTL = 60;
const MAX_NEGATIVE_TTL = 900;

const MAX_TTL = 86_400;

/** Maximum records in a reply: decoding more would block the event loop, and SPF has no use for them. */
const MAX_RECORDS = 1000;

/** Maximum length of a chain of aliases; resolvers give up earlier. */
const MAX_ALIASES = 16;

const HEADER_SIZE = 12;

/** RFC 1035, section 4.1.1; NOERROR and NXDOMAIN are no failures. */
const NOERROR = 0;
const NXDOMAIN = 3;
const CODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/** @throws {RangeError} for a name that has no wire format. */
export function encodeQuestion(
  id: number,
  name: string,
  type: RecordType,
): Uint8Array<ArrayBuffer> {
  return encodeQuery(id, name, type, UDP_SIZE);
}

/** A name in lower case without its final dot. */
export function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function isSame(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

/** The records of a name, aliases followed (RFC 1034, section 3.6.2). */
function recordsOf(
  name: string,
  type: RecordType,
  answers: readonly ResourceRecord[],
): ResourceRecord[] {
  let current = name;
  for (let hops = 0; hops <= MAX_ALIASES; hops++) {
    const found = answers.filter((one) => one.type === type && isSame(one.name, current));
    if (found.length > 0) return found;
    const alias = answers.find((one) => one.type === "CNAME" && isSame(one.name, current));
    if (alias === undefined) return [];
    current = alias.data;
  }
  return [];
}

function negativeTtl(authorities: readonly ResourceRecord[]): number {
  const soa = authorities.find((one) => one.type === "SOA");
  if (soa === undefined) return NEGATIVE_TTL;
  return Math.min(soa.ttl, Number(soa.data), MAX_NEGATIVE_TTL);
}

/** Reads a message as the reply to a query; never throws. */
export function decodeReply(
  bytes: Uint8Array,
  id: number,
  name: string,
  type: RecordType,
): DnsReply {
  if (bytes.length < HEADER_SIZE) return { kind: "unrelated" };
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
  if (header.getUint16(0) !== id || header.getUint16(4) !== 1) return { kind: "unrelated" };
  const count = header.getUint16(6) + header.getUint16(8) + header.getUint16(10);
  if (count > MAX_RECORDS) {
    return { kind: "failure", why: `an answer of ${count} records, more than ${MAX_RECORDS}` };
  }
  let message: Reply | undefined;
  try {
    message = decodeMessage(bytes);
  } catch {
    return { kind: "unrelated" };
  }
  const question = message?.questions[0];
  if (message === undefined || question?.type !== type || !isSame(question.name, name)) {
    return { kind: "unrelated" };
  }
  const { code, isTruncated, authorities, answers } = message;
  if (isTruncated) return { kind: "truncated" };
  if (code === NXDOMAIN) return { kind: "no-name", ttl: negativeTtl(authorities) };
  if (code !== NOERROR) return { kind: "failure", why: CODES[code] ?? `RCODE ${code}` };
  const found = recordsOf(name, type, answers);
  if (found.length === 0) return { kind: "no-data", ttl: negativeTtl(authorities) };
  const ttl = Math.min(MAX_TTL, ...found.map((one) => one.ttl));
  return { kind: "records", records: found.map(({ data }) => data), ttl };
}
