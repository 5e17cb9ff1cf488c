/**
 * Keyed hashes in place of addresses, for administrators who may not store addresses.
 *
 * @module
 */
import { readRegularFile } from "../files/regular_file.ts";
import { builtin } from "../node/builtin.ts";
import { normaliseRecipient } from "../greylist/normalise.ts";
import { DEFAULT_RECIPIENT_DELIMITER } from "../net/email_address.ts";
import { messageOf } from "../text/error_message.ts";

/** The text that is stored in place of another; always the same for the same text. */
export interface Pseudonym {
  (text: string): string;
  /** Of a recipient as it is stored in clear. */
  readonly ofRecipient: (recipient: string) => string;
}

const KEY_BYTES = 32;

/**
 * HMAC-SHA-256 (RFC 2104) truncated to 128 bits: without the key nobody can test whether an address
 * is stored. Every pseudonym begins with `~`.
 *
 * @param delimiter the setting `recipient_delimiter`.
 */
export function makePseudonym(
  key: Uint8Array,
  delimiter = DEFAULT_RECIPIENT_DELIMITER,
): Pseudonym {
  const { createHmac } = builtin("node:crypto");
  const hide = (text: string) => {
    const digest = createHmac("sha256", key).update(text).digest();
    return `~${digest.subarray(0, 16).toString("base64url")}`;
  };
  const ofRecipient = (recipient: string) => hide(normaliseRecipient(recipient, delimiter));
  return Object.assign(hide, { ofRecipient });
}

/** Whether a text is one that {@linkcode makePseudonym} made, or the name of an origin with one. */
export function isPseudonym(text: string): boolean {
  return /^(?:[a-z]+:)?~[A-Za-z0-9_-]{22}$/.test(text);
}

/**
 * Hides the name of an origin but not its kind: `net:~…` for `net:192.0.2.0/24`. A hidden name, and any
 * name without a pseudonym, stay as they are.
 */
export function hideOrigin(name: string, hide?: Pseudonym): string {
  const at = name.indexOf(":") + 1;
  if (hide === undefined || name[at] === "~") return name;
  return name.slice(0, at) + hide(name.slice(at));
}

/**
 * Reads the key of a database, or creates one of 256 random bits, readable for its owner only. It is
 * a file of its own so that a copy of the database alone reveals nothing.
 *
 * @throws {Error} if the file cannot be read or written, or is not a key.
 */
export function loadKey(path: string): Uint8Array {
  try {
    const key = readRegularFile(path);
    if (key.length === KEY_BYTES) return key;
    throw new Error(
      `it has ${key.length} bytes instead of ${KEY_BYTES}; restore it from a backup, or remove it and the database`,
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new Error(`privacy key ${path}: ${messageOf(error)}`, { cause: error });
    }
  }
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  Deno.writeFileSync(path, key, { mode: 0o600, createNew: true });
  return key;
}
