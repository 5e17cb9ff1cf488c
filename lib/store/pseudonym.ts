/**
 * Keyed hashes in place of addresses, for administrators who may not keep who wrote to whom.
 *
 * @module
 */
import { createHmac } from "node:crypto";

/** Makes the text under which another is stored; the same for the same text. */
export type Pseudonym = (text: string) => string;

const KEY_BYTES = 32;

/**
 * A pseudonym by HMAC-SHA-256 (RFC 2104), cut to 128 bits: without the key nobody can test whether
 * an address is stored. Every pseudonym begins with `~`.
 */
export function makePseudonym(key: Uint8Array): Pseudonym {
  return (text) => {
    const digest = createHmac("sha256", key).update(text).digest();
    return `~${digest.subarray(0, 16).toString("base64url")}`;
  };
}

/** The pseudonym of an origin, which keeps its kind: `net:~…` for `net:192.0.2.0/24`. */
export function hideOrigin(name: string, hide: Pseudonym): string {
  const colon = name.indexOf(":") + 1;
  return name.slice(0, colon) + hide(name.slice(colon));
}

/**
 * Reads the key of a database, or makes one of 256 random bits, readable for its owner only. It is
 * kept beside the database and not inside, so that a copy of the database alone reveals nothing.
 *
 * @throws {Error} that names the file if it cannot be read or written, or is no key.
 */
export function loadKey(path: string): Uint8Array {
  try {
    const key = Deno.readFileSync(path);
    if (key.length === KEY_BYTES) return key;
    throw new Error(`it has ${key.length} bytes and not ${KEY_BYTES}; move it away to begin anew`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`privacy key ${path}: ${why}`, { cause: error });
    }
  }
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  Deno.writeFileSync(path, key, { mode: 0o600, createNew: true });
  return key;
}
