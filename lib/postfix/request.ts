/**
 * Requests of the Postfix policy delegation protocol: `name=value` lines in any order, ended by a
 * blank line (SMTPD_POLICY_README).
 *
 * @module
 */

/**
 * The attributes that Postfix sends, by the version that introduced them, and `policy_test_time` of
 * test suites and log replayers for greylisting servers. Others are ignored.
 */
export const ATTRIBUTE_NAMES = [
  // 2.1
  "request",
  "protocol_state",
  "protocol_name",
  "helo_name",
  "queue_id",
  "sender",
  "recipient",
  "recipient_count",
  "client_address",
  "client_name",
  "reverse_client_name",
  "instance",
  // 2.2
  "sasl_method",
  "sasl_username",
  "sasl_sender",
  "size",
  "ccert_subject",
  "ccert_issuer",
  "ccert_fingerprint",
  // 2.3
  "encryption_protocol",
  "encryption_cipher",
  "encryption_keysize",
  "etrn_domain",
  // 2.5
  "stress",
  // 2.9
  "ccert_pubkey_fingerprint",
  // 3.0
  "client_port",
  // 3.1
  "policy_context",
  // 3.2
  "server_address",
  "server_port",
  // 3.8
  "compatibility_level",
  "mail_version",
  // not Postfix's own
  "policy_test_time",
] as const;

export type AttributeName = typeof ATTRIBUTE_NAMES[number];

/** The prefixes of an attribute: on the first line of a request, and on any other. */
const BEGINNINGS: ReadonlyMap<string, readonly [first: string, other: string]> = new Map(
  ATTRIBUTE_NAMES.map((name) => [name, [`${name}=`, `\n${name}=`]]),
);

/**
 * One request; its values are hostile texts. Few of the thirty attributes are ever needed, so that each
 * is searched for on demand.
 */
export class PolicyRequest {
  readonly #lines: string;

  /** @param lines complete lines, each with its newline and without a carriage return. */
  constructor(lines: string) {
    this.#lines = lines;
  }

  /** In UTF-16 code units. */
  get length(): number {
    return this.#lines.length;
  }

  /** The value of an attribute, the first one if it occurs twice; undefined if it is absent. */
  get(name: AttributeName): string | undefined {
    const [first, other] = BEGINNINGS.get(name)!;
    let start = first.length;
    if (!this.#lines.startsWith(first)) {
      const at = this.#lines.indexOf(other);
      if (at === -1) return undefined;
      start = at + other.length;
    }
    return this.#lines.slice(start, this.#lines.indexOf("\n", start));
  }
}

export interface RequestLimits {
  /** Bytes up to and including the blank line. */
  readonly bytes: number;
  /** Lines before the blank line. */
  readonly attributes: number;
  /** Requests that arrive together; Postfix sends one and waits for the reply. */
  readonly pipelined: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  bytes: 64 * 1024,
  attributes: 200,
  pipelined: 100,
};

export interface Reading {
  /** The requests that the input completed, in order. */
  readonly requests: readonly PolicyRequest[];
  /** The limit that was exceeded; nothing more is read from the connection. */
  readonly fault?: string;
}

const LF = 10;
const CR = 13;

function endsWithBlankLine(bytes: Uint8Array): boolean {
  const last = bytes.length - 1;
  if (bytes[last] !== LF) return false;
  return bytes[last - 1] === LF || (bytes[last - 1] === CR && bytes[last - 2] === LF);
}

/** Reads the requests of one connection from input that arrives in pieces of any size. */
export class RequestReader {
  readonly #limits: RequestLimits;
  /** A byte order mark is kept: a line of it alone must not count as the blank line. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** The complete lines of the current request, their number and their bytes. */
  #lines = "";
  #count = 0;
  #bytes = 0;
  /** The incomplete last line, in the first `#length` bytes. */
  #rest = new Uint8Array(0);
  #length = 0;
  #fault: string | undefined;

  constructor(limits: RequestLimits = REQUEST_LIMITS) {
    this.#limits = limits;
  }

  /** Whether a request is incomplete. */
  get begun(): boolean {
    return this.#count > 0 || this.#length > 0;
  }

  /** Reads the next bytes; the buffer can be reused afterwards. Never throws. */
  push(bytes: Uint8Array): Reading {
    if (this.#fault !== undefined) return { requests: [], fault: this.#fault };
    const requests: PolicyRequest[] = [];
    // Fast path: the packet holds complete requests only.
    const whole = !this.begun && bytes.length <= this.#limits.bytes && endsWithBlankLine(bytes);
    if (whole) this.#readWhole(bytes, requests);
    else this.#readPieces(bytes, requests);
    return this.#fault === undefined ? { requests } : { requests, fault: this.#fault };
  }

  #readWhole(bytes: Uint8Array, requests: PolicyRequest[]): void {
    const given = this.#decoder.decode(bytes);
    const text = given.includes("\r\n") ? given.replaceAll("\r\n", "\n") : given;
    for (let start = 0; start < text.length;) {
      const isEmpty = text.charCodeAt(start) === LF;
      const end = isEmpty ? start : text.indexOf("\n\n", start) + 1;
      if (this.#hasTooManyLines(text, start, end)) return;
      if (this.#isTooMany(requests)) return;
      requests.push(new PolicyRequest(text.slice(start, end)));
      start = end + 1;
    }
  }

  #hasTooManyLines(text: string, start: number, end: number): boolean {
    let count = 0;
    for (let at = start; at < end; at = text.indexOf("\n", at) + 1) count++;
    if (count <= this.#limits.attributes) return false;
    this.#fault = `a request of more than ${this.#limits.attributes} attributes`;
    return true;
  }

  #readPieces(bytes: Uint8Array, requests: PolicyRequest[]): void {
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      const size = this.#length + end + 1 - start;
      if (this.#exceeds(size)) return;
      this.#bytes += size;
      const line = this.#takeRest(bytes.subarray(start, end)).replace(/\r$/, "");
      start = end + 1;
      if (line !== "") {
        this.#lines += `${line}\n`;
        this.#count++;
        if (this.#count > this.#limits.attributes) {
          this.#fault = `a request of more than ${this.#limits.attributes} attributes`;
          return;
        }
      } else {
        if (this.#isTooMany(requests)) return;
        requests.push(new PolicyRequest(this.#lines));
        this.#lines = "";
        this.#count = 0;
        this.#bytes = 0;
      }
    }
    const rest = bytes.subarray(start);
    if (!this.#exceeds(this.#length + rest.length)) this.#keep(rest);
  }

  /** A flood of requests would block the event loop; Postfix never sends one. */
  #isTooMany(requests: readonly PolicyRequest[]): boolean {
    if (requests.length < this.#limits.pipelined) return false;
    this.#fault = `more than ${this.#limits.pipelined} requests at once`;
    return true;
  }

  #exceeds(size: number): boolean {
    if (this.#bytes + size <= this.#limits.bytes) return false;
    this.#fault = `a request of more than ${this.#limits.bytes} bytes`;
    return true;
  }

  #takeRest(bytes: Uint8Array): string {
    if (this.#length === 0) return this.#decoder.decode(bytes);
    this.#keep(bytes);
    const text = this.#decoder.decode(this.#rest.subarray(0, this.#length));
    this.#length = 0;
    return text;
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#rest.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#rest.length, 256));
      larger.set(this.#rest.subarray(0, this.#length));
      this.#rest = larger;
    }
    this.#rest.set(bytes, this.#length);
    this.#length = length;
  }
}
