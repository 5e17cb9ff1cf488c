/**
 * Makes, hashes and compares passwords and tokens.
 *
 * @module
 */
import { builtin } from "../node/builtin.ts";

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

const BASE64 = { alphabet: "base64url", omitPadding: true } as const;

const toBase64 = (bytes: Uint8Array): string => bytes.toBase64(BASE64);

const fromBase64 = (text: string): Uint8Array => Uint8Array.fromBase64(text, BASE64);

const randomBytes = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));

function derive(password: string, salt: Uint8Array, cost: typeof COST | Cost): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  // OpenSSL allocates a little more than the 128 * N * r of the RFC.
  const options = { ...cost, maxmem: 256 * cost.N * cost.r };
  builtin("node:crypto").scrypt(
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
  return ["scrypt", N, r, p, toBase64(salt), toBase64(hash)].join("$");
}

/** Compares in constant time; false for an invalid hash. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [scheme, N, r, p, salt, expected] = hash.split("$");
  if (scheme !== "scrypt" || salt === undefined || expected === undefined) return false;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const key = await derive(password, fromBase64(salt), cost);
  return isSame(toBase64(key), expected);
}

/** 256 random bits, for a session, a form or a token. */
export function randomText(): string {
  return toBase64(randomBytes(TOKEN_BYTES));
}

export function makeToken(): string {
  return TOKEN_PREFIX + randomText();
}

/** A fast hash is enough for 256 random bits. */
export function hashToken(token: string): string {
  return builtin("node:crypto").createHash("sha256").update(token).digest("base64url");
}

/** Compares in constant time. */
export function isSame(one: string, other: string): boolean {
  const { createHash, timingSafeEqual } = builtin("node:crypto");
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(a!, b!);
}
