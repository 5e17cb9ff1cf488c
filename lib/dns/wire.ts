/**
 * The wire format of DNS messages, as far as queries and their replies need it (RFC 1035, section 4).
 *
 * @module
 */
import { formatAddress } from "../net/network.ts";

/** Codes of record types; RFC 1035, RFC 3596, RFC 6891. */
const TYPES = { A: 1, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, OPT: 41 } as const;

export type WireType = keyof typeof TYPES;

const IN = 1;
const RECURSION_DESIRED = 0x0100;
const IS_RESPONSE = 0x8000;
const IS_TRUNCATED = 0x0200;

const HEADER_SIZE = 12;
const MAX_LABEL = 63;

/** With its dots; a name of 255 octets on the wire. */
const MAX_NAME = 253;

export interface Question {
  readonly name: string;
  readonly type: WireType | undefined;
}

export interface ResourceRecord {
  readonly name: string;
  readonly type: WireType | undefined;
  /** Seconds. */
  readonly ttl: number;
  /**
   * An address in the form of RFC 5952; the name of CNAME, PTR and MX; the strings of TXT, joined, one character for each octet; the
   * minimum of SOA, in decimal. Empty for other types.
   */
  readonly data: string;
}

export interface Reply {
  readonly isTruncated: boolean;
  /** The response code, 0 for success. */
  readonly code: number;
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
}

/** @throws {RangeError} for an empty or a too long label, and for a too long name. */
function encodeName(name: string): number[] {
  const labels = name.replace(/\.$/, "").split(".");
  const bytes = labels.flatMap((label) => {
    const octets = new TextEncoder().encode(label);
    if (octets.length === 0 || octets.length > MAX_LABEL) {
      throw new RangeError(`invalid label in ${name}`);
    }
    return [octets.length, ...octets];
  });
  if (bytes.length > MAX_NAME + 1) throw new RangeError(`name too long: ${name}`);
  return [...bytes, 0];
}

const uint16 = (value: number): number[] => [value >> 8, value & 0xff];

/**
 * A recursive query with EDNS.
 *
 * @param udpSize the largest datagram accepted in reply.
 * @throws {RangeError} for a name that has no wire format.
 */
export function encodeQuery(
  id: number,
  name: string,
  type: WireType,
  udpSize: number,
): Uint8Array<ArrayBuffer> {
  const counts = [1, 0, 0, 1].flatMap(uint16);
  const question = [...encodeName(name), ...uint16(TYPES[type]), ...uint16(IN)];
  const opt = [0, ...uint16(TYPES.OPT), ...uint16(udpSize), 0, 0, 0, 0, ...uint16(0)];
  return Uint8Array.from([
    ...uint16(id),
    ...uint16(RECURSION_DESIRED),
    ...counts,
    ...question,
    ...opt,
  ]);
}

const TYPE_OF_CODE = new Map(
  (Object.keys(TYPES) as WireType[]).map((type) => [TYPES[type] as number, type]),
);

/** Reads a message from its first byte; a read beyond the end throws a RangeError. */
class Reader {
  readonly #view: DataView;
  at = HEADER_SIZE;

  constructor(view: DataView) {
    this.#view = view;
  }

  uint8(): number {
    return this.#view.getUint8(this.at++);
  }

  uint16(): number {
    const value = this.#view.getUint16(this.at);
    this.at += 2;
    return value;
  }

  uint32(): number {
    const value = this.#view.getUint32(this.at);
    this.at += 4;
    return value;
  }

  bytes(length: number): number[] {
    return Array.from({ length }, () => this.uint8());
  }

  /** At most 255 characters. V8 keeps a string that grows by characters as a tree of them. */
  text(length: number): string {
    return String.fromCharCode(...this.bytes(length));
  }

  /** A name, without its last dot; `.` for the root. A pointer leads backwards only, so that no loop is possible. */
  name(): string {
    const labels: string[] = [];
    let [after, before, size] = [-1, this.at, 0];
    for (let length = this.uint8(); length !== 0; length = this.uint8()) {
      if (length > MAX_LABEL) {
        if (length < 0xc0) throw new RangeError("unknown kind of label");
        const target = ((length & 0x3f) << 8) | this.uint8();
        if (target >= before) throw new RangeError("a pointer that leads forwards");
        if (after < 0) after = this.at;
        this.at = before = target;
      } else {
        labels.push(this.text(length));
        size += length + 1;
        if (size > MAX_NAME + 1) throw new RangeError("name too long");
      }
    }
    if (after >= 0) this.at = after;
    return labels.length === 0 ? "." : labels.join(".");
  }

  question(): Question {
    const name = this.name();
    const type = TYPE_OF_CODE.get(this.uint16());
    this.uint16();
    return { name, type };
  }

  record(): ResourceRecord {
    const name = this.name();
    const type = TYPE_OF_CODE.get(this.uint16());
    this.uint16();
    const ttl = this.uint32();
    const end = this.uint16() + this.at;
    const data = this.#data(type, end);
    if (this.at > end || end > this.#view.byteLength) throw new RangeError("wrong length of data");
    this.at = end;
    // RFC 2181, section 8: a TTL with its highest bit set counts as 0.
    return { name, type, ttl: ttl >= 2 ** 31 ? 0 : ttl, data };
  }

  #data(type: WireType | undefined, end: number): string {
    switch (type) {
      case "A":
        return formatAddress({ family: 4, bytes: this.bytes(4) });
      case "AAAA":
        return formatAddress({ family: 6, bytes: this.bytes(16) });
      case "CNAME":
      case "PTR":
        return this.name();
      case "MX":
        this.uint16();
        return this.name();
      case "TXT": {
        const strings: string[] = [];
        while (this.at < end) strings.push(this.text(this.uint8()));
        return strings.join("");
      }
      case "SOA": {
        this.name();
        this.name();
        this.at += 16;
        return `${this.uint32()}`;
      }
      default:
        return "";
    }
  }
}

/**
 * Reads a reply; of a truncated one, the question only.
 *
 * @returns undefined for a query.
 * @throws {RangeError} for a malformed message.
 */
export function decodeMessage(bytes: Uint8Array): Reply | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  if ((flags & IS_RESPONSE) === 0) return undefined;
  const reader = new Reader(view);
  const times = <T>(count: number, read: () => T) => Array.from({ length: count }, read);
  const isTruncated = (flags & IS_TRUNCATED) !== 0;
  return {
    isTruncated,
    code: flags & 0xf,
    questions: times(view.getUint16(4), () => reader.question()),
    answers: times(isTruncated ? 0 : view.getUint16(6), () => reader.record()),
    authorities: times(isTruncated ? 0 : view.getUint16(8), () => reader.record()),
  };
}
