/**
 * Makes, hashes and compares passwords and tokens.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** Characters. */
export const SHORTEST_PASSWORD = 10;

/** Characters; longer ones would cost too much CPU. */
export const LONGEST_PASSWORD = 1024;

/** The cost of scrypt (RFC 7914): 32 MiB and about a tenth of a second. */
const COST = { N: 1 << 15, r: 8, p: 1 } as const;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const TOKEN_BYTES = 32;

/** Secret scanners find leaked tokens by their prefix. */
const TOKEN_PREFIX = "greylag_";

function derive(password: string, salt: Uint8Array, cost: typeof COST | Cost): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // OpenSSL allocates a little more than the 128 * N * r of the RFC.
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

/** `scrypt$N$r$p$salt$hash` with a new salt, in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST);
  const { N, r, p } = COST;
  return ["scrypt", N, r, p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** Compares in constant time; false for an invalid hash. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [scheme, N, r, p, salt, expected] = hash.split("$");
  if (scheme !== "scrypt" || salt === undefined || expected === undefined) return false;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const key = await derive(password, Buffer.from(salt, "base64url"), cost);
  const wanted = Buffer.from(expected, "base64url");
  return key.length === wanted.length && timingSafeEqual(key, wanted);
}

/** 256 random bits, for a session, a form or a token. */
export function randomText(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

export function makeToken(): string {
  return TOKEN_PREFIX + randomText();
}

/** A fast hash is enough for 256 random bits. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Compares in constant time. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(a!, b!);
}
