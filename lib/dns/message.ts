/** DNS queries and replies as bytes (RFC 1035, section 4; RFC 6891). */
import { Buffer } from "node:buffer";
// @ts-types="@types/dns-packet"
import packet, { type Answer, type DecodedPacket } from "dns-packet";

export type RecordType = "A" | "AAAA" | "MX" | "PTR" | "TXT";

/** An address or a name; for TXT its strings, joined. */

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

/** With a field that the published types lack. */
type Decoded = DecodedPacket & { readonly rcode: string };

export function encodeQuestion(
  id: number,
  name: string,
  type: RecordType,
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(packet.encode({
    type: "query",
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type, name, class: "IN" }],
    additionals: [{
      type: "OPT",
      name: ".",
      udpPayloadSize: UDP_SIZE,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    }],
  }));
}

function textOf(answer: Answer): string {
  switch (answer.type) {
    case "MX":
      return answer.data.exchange;
    case "TXT":
      // Every octet stays one character, so that octets beyond ASCII are still recognised as such.
      return [answer.data].flat().map((part) => Buffer.from(part as Buffer).toString("latin1"))
        .join("");
    default:
      return "data" in answer ? String(answer.data) : "";
  }
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
  answers: readonly Answer[],
): Answer[] {
  let current = name;
  for (let hops = 0; hops <= MAX_ALIASES; hops++) {
    const found = answers.filter((one) => one.type === type && isSame(one.name, current));
    if (found.length > 0) return found;
    const alias = answers.find((one) => one.type === "CNAME" && isSame(one.name, current));
    if (alias === undefined) return [];
    current = String("data" in alias ? alias.data : "");
  }
  return [];
}

function negativeTtl(authorities: readonly Answer[]): number {
  const soa = authorities.find((one) => one.type === "SOA");
  if (soa === undefined) return NEGATIVE_TTL;
  const minimum = soa.data.minimum ?? NEGATIVE_TTL;
  return Math.min(soa.ttl ?? minimum, minimum, MAX_NEGATIVE_TTL);
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
  let message: Decoded;
  try {
    message = packet.decode(Buffer.from(bytes)) as Decoded;
    const question = message.questions?.[0];
    const isOurs = message.type === "response" && question !== undefined &&
      question.type === type && isSame(question.name, name);
    if (!isOurs) return { kind: "unrelated" };
  } catch {
    return { kind: "unrelated" };
  }
  const { rcode, flag_tc: isTruncated, authorities = [], answers = [] } = message;
  if (isTruncated) return { kind: "truncated" };
  if (rcode === "NXDOMAIN") return { kind: "no-name", ttl: negativeTtl(authorities) };
  if (rcode !== "NOERROR") return { kind: "failure", why: rcode };
  const found = recordsOf(name, type, answers);
  if (found.length === 0) return { kind: "no-data", ttl: negativeTtl(authorities) };
  const ttl = Math.min(MAX_TTL, ...found.map((one) => "ttl" in one ? one.ttl ?? 0 : 0));
  return { kind: "records", records: found.map(textOf), ttl };
}
