/**
 * Signed links: what a recipient may do by a tap, without a sign-in. A token is a synthetic IV, an
 * HMAC-SHA-256 over purpose, deferral, recipient and expiry, truncated to 128 bits, before these
 * fields encrypted with AES-256-CTR (the construction of RFC 5297 with HMAC). So it shows no address,
 * and any change of it is noticed.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { builtin } from "../node/builtin.ts";
import { SECOND } from "../text/duration.ts";

/**
 * `page` opens the recipient's own page, `device` is the same for a browser that stays signed in; the
 * others are about one deferral, and single use.
 */
export const PURPOSES = ["release", "allow", "spam", "page", "device"] as const;

export type Purpose = typeof PURPOSES[number];

export interface Link {
  readonly purpose: Purpose;
  /** The address that it acts for, in normal form. */
  readonly recipient: string;
  /** The `id` of a deferral; 0 for none. */
  readonly deferral: number;
  /**
   * Time of its first attempt, which tells it from one of the same number in a new database;
   * milliseconds since the epoch, full seconds.
   */
  readonly since: number;
  /** Milliseconds since the epoch; full seconds. */
  readonly expires: number;
}

export type Opened =
  | { readonly ok: true; readonly link: Link; /** Identifies the link. */ readonly tag: string }
  /** `expired` is said only of a link that was genuine. */
  | { readonly ok: false; readonly why: "invalid" | "expired"; readonly link?: Link };

const TAG_BYTES = 16;

/** Purpose, deferral, its time and expiry. */
const HEAD_BYTES = 1 + 6 + 6 + 6;

/** The length of an address shows only in steps of this many bytes. */
const PADDING = 48;

/** RFC 5321, 4.5.3.1, with some space. */
const MAX_RECIPIENT = 320;

const MAX_TOKEN = 4 * Math.ceil((TAG_BYTES + HEAD_BYTES + MAX_RECIPIENT + PADDING) / 3);

function keysOf(secret: Uint8Array): { readonly mac: Buffer; readonly cipher: Buffer } {
  const { createHmac } = builtin("node:crypto");
  const derive = (label: string) => createHmac("sha256", secret).update(label).digest();
  return { mac: derive("greylag link mac"), cipher: derive("greylag link cipher") };
}

function encode({ purpose, deferral, since, expires, recipient }: Link): Buffer {
  const { Buffer } = builtin("node:buffer");
  const address = Buffer.from(recipient, "utf8");
  if (address.length === 0 || address.length > MAX_RECIPIENT || address.includes(0)) {
    throw new RangeError("a link needs a recipient of 1 to 320 bytes without NUL");
  }
  const length = HEAD_BYTES + address.length;
  const plain = Buffer.alloc(Math.ceil(length / PADDING) * PADDING);
  plain.writeUInt8(PURPOSES.indexOf(purpose), 0);
  plain.writeUIntBE(deferral, 1, 6);
  plain.writeUIntBE(expires / SECOND, 7, 6);
  plain.writeUIntBE(since / SECOND, 13, 6);
  address.copy(plain, HEAD_BYTES);
  return plain;
}

function decode(plain: Buffer): Link | undefined {
  const purpose = PURPOSES[plain.readUInt8(0)];
  if (purpose === undefined) return undefined;
  const end = plain.indexOf(0, HEAD_BYTES);
  const recipient = plain.subarray(HEAD_BYTES, end === -1 ? plain.length : end).toString("utf8");
  return {
    purpose,
    deferral: plain.readUIntBE(1, 6),
    expires: plain.readUIntBE(7, 6) * SECOND,
    since: plain.readUIntBE(13, 6) * SECOND,
    recipient,
  };
}

/** A time as links hold it. */
export const fullSecond = (time: number) => time - time % SECOND;

/** The token of a link, in base64url. Its times are rounded down to a full second. */
export function sealLink(link: Link, secret: Uint8Array): string {
  const { Buffer } = builtin("node:buffer");
  const { createCipheriv, createHmac } = builtin("node:crypto");
  const keys = keysOf(secret);
  const { since, expires } = link;
  const plain = encode({ ...link, since: fullSecond(since), expires: fullSecond(expires) });
  const tag = createHmac("sha256", keys.mac).update(plain).digest().subarray(0, TAG_BYTES);
  const cipher = createCipheriv("aes-256-ctr", keys.cipher, tag);
  return Buffer.concat([tag, cipher.update(plain), cipher.final()]).toString("base64url");
}

/** @param now milliseconds since the epoch. */
export function openLink(token: string, secret: Uint8Array, now: number): Opened {
  if (token.length > MAX_TOKEN || !/^[A-Za-z0-9_-]+$/.test(token)) {
    return { ok: false, why: "invalid" };
  }
  const { Buffer } = builtin("node:buffer");
  const { createDecipheriv, createHmac, timingSafeEqual } = builtin("node:crypto");
  const bytes = Buffer.from(token, "base64url");
  if (bytes.length < TAG_BYTES + PADDING || (bytes.length - TAG_BYTES) % PADDING !== 0) {
    return { ok: false, why: "invalid" };
  }
  const keys = keysOf(secret);
  const tag = bytes.subarray(0, TAG_BYTES);
  const decipher = createDecipheriv("aes-256-ctr", keys.cipher, tag);
  const plain = Buffer.concat([decipher.update(bytes.subarray(TAG_BYTES)), decipher.final()]);
  const expected = createHmac("sha256", keys.mac).update(plain).digest().subarray(0, TAG_BYTES);
  const link = timingSafeEqual(tag, expected) ? decode(plain) : undefined;
  if (link === undefined) return { ok: false, why: "invalid" };
  if (now >= link.expires) return { ok: false, why: "expired", link };
  return { ok: true, link, tag: tag.toString("base64url") };
}
