/**
 * Questions to DNS and its answers, as bytes (RFC 1035, 4; RFC 6891 for larger answers over UDP).
 *
 * @module
 */
import { Buffer } from "node:buffer";
// @ts-types="./dns_packet.d.ts"
import packet, { type DecodedPacket, type PacketRecord } from "dns-packet";

/** The kinds of records that are asked for. */
export type RecordType = "A" | "AAAA" | "MX" | "PTR" | "TXT";

/** A record: an address or a name; for TXT its strings one after the other. */
export type RecordText = string;

/** What a message says. */
export type DnsReply =
  /** Records, which may be cached for so many seconds. */
  | { readonly kind: "records"; readonly records: readonly RecordText[]; readonly ttl: number }
  /** There is no such name, or none of its records is of this type. */
  | { readonly kind: "no-name" | "no-data"; readonly ttl: number }
  /** The server cannot or will not answer. */
  | { readonly kind: "failure"; readonly why: string }
  /** It does not fit into a datagram. */
  | { readonly kind: "truncated" }
  /** This is no answer to that question. */
  | { readonly kind: "unrelated" };

/** What fits into a datagram everywhere (RFC 9715). */
const UDP_SIZE = 1232;

/** A negative answer without its own time is kept for so long, in seconds, and never for longer. */
const NEGATIVE_TTL = 60;
const MAX_NEGATIVE_TTL = 900;

const MAX_TTL = 86_400;

/**
 * So many records a message may announce: taking more apart would hold up everybody who asks meanwhile,
 * and no evaluation of SPF has a use for them.
 */
const MAX_RECORDS = 1000;

/** So many aliases are followed; resolvers themselves give up earlier. */
const MAX_ALIASES = 16;

const HEADER_SIZE = 12;

/** A question, as one message. */
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
    additionals: [{ type: "OPT", name: ".", udpPayloadSize: UDP_SIZE }],
  }));
}

function textOf(type: RecordType, data: unknown): RecordText {
  switch (type) {
    case "MX":
      return (data as { exchange: string }).exchange;
    case "TXT":
      // What is not ASCII must stay recognisable as that, whatever it was meant to be.
      return [data].flat().map((part) => Buffer.from(part as Uint8Array).toString("latin1")).join(
        "",
      );
    default:
      return String(data);
  }
}

const same = (one: string, other: string) =>
  one.toLowerCase().replace(/\.$/, "") === other.toLowerCase().replace(/\.$/, "");

/** The records of a name and those that its aliases lead to (RFC 1034, 3.6.2). */
function recordsOf(
  name: string,
  type: RecordType,
  answers: readonly PacketRecord[],
): PacketRecord[] {
  let current = name;
  for (let hops = 0; hops <= MAX_ALIASES; hops++) {
    const found = answers.filter((one) => one.type === type && same(one.name, current));
    if (found.length > 0) return found;
    const alias = answers.find((one) => one.type === "CNAME" && same(one.name, current));
    if (alias === undefined) return [];
    current = String(alias.data);
  }
  return [];
}

function negativeTtl(authorities: readonly PacketRecord[]): number {
  const soa = authorities.find(({ type }) => type === "SOA");
  if (soa === undefined) return NEGATIVE_TTL;
  const minimum = (soa.data as { minimum?: number }).minimum ?? NEGATIVE_TTL;
  return Math.min(soa.ttl ?? minimum, minimum, MAX_NEGATIVE_TTL);
}

/** Reads a message as the answer to a question. Never throws, whatever the bytes are. */
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
  let message: DecodedPacket;
  try {
    message = packet.decode(Buffer.from(bytes));
    const question = message.questions[0];
    const isOurs = message.type === "response" && question !== undefined &&
      question.type === type && same(question.name, name);
    if (!isOurs) return { kind: "unrelated" };
  } catch {
    return { kind: "unrelated" };
  }
  const { rcode, flag_tc: isTruncated, authorities, answers } = message;
  if (isTruncated) return { kind: "truncated" };
  if (rcode === "NXDOMAIN") return { kind: "no-name", ttl: negativeTtl(authorities) };
  if (rcode !== "NOERROR") return { kind: "failure", why: rcode };
  const found = recordsOf(name, type, answers);
  if (found.length === 0) return { kind: "no-data", ttl: negativeTtl(authorities) };
  const ttl = Math.min(MAX_TTL, ...found.map((one) => one.ttl ?? 0));
  return { kind: "records", records: found.map(({ data }) => textOf(type, data)), ttl };
}
