/**
 * Passwords and tokens: how they are made, hashed and compared.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** A password of fewer characters is refused. */
export const SHORTEST_PASSWORD = 10;

/** Longer than this is no password but an attack on the processor. */
export const LONGEST_PASSWORD = 1024;

/** The cost of scrypt (RFC 7914): 32 MiB and about a tenth of a second. */
const COST = { N: 1 << 15, r: 8, p: 1 } as const;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const TOKEN_BYTES = 32;

/** A token is known by how it begins, so that a forgotten one is found by a search for secrets. */
const TOKEN_PREFIX = "greylag_";

function derive(password: string, salt: Uint8Array, cost: typeof COST | Cost): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // The limit counts all that is allocated, a little more than the 128 * N * r of the RFC.
  const options = { ...cost, maxmem: 256 * cost.N * cost.r };
  scrypt(
    password.normalize("NFKC"),
    salt,
    HASH_BYTES,
    options,
    (error, key) => error === null ? resolve(key) : reject(error),
  );
  return promise;
}

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** A hash of a password with a salt of its own: `scrypt$N$r$p$salt$hash`, in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST);
  const { N, r, p } = COST;
  return ["scrypt", N, r, p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** Whether a password is the one of a hash; false for a hash that is none. Takes as long either way. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [scheme, N, r, p, salt, expected] = hash.split("$");
  if (scheme !== "scrypt" || salt === undefined || expected === undefined) return false;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const key = await derive(password, Buffer.from(salt, "base64url"), cost);
  const wanted = Buffer.from(expected, "base64url");
  return key.length === wanted.length && timingSafeEqual(key, wanted);
}

/** A text that nobody can guess, for a session, a form or a token. */
export function randomText(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** A new token. It is shown once; only its hash is stored. */
export function makeToken(): string {
  return TOKEN_PREFIX + randomText();
}

/** The hash of a token: nobody guesses 256 bits, so that a fast hash is enough. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(a!, b!);
}
