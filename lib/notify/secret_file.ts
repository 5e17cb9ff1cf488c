/**
 * The secrets of signed links and of webhooks: a file beside the database, readable for the daemon
 * only. It is read at each use, so that a rotation revokes links at once.
 *
 * @module
 */
import { readRegularFile } from "../files/regular_file.ts";
import { reasonOf } from "../text/error_message.ts";

export type SecretName = "links" | "webhook";

/** 256 random bits each. */
export type Secrets = Readonly<Record<SecretName, Uint8Array>>;

const SECRET_BYTES = 32;
const OFFSETS: Readonly<Record<SecretName, number>> = { links: 0, webhook: SECRET_BYTES };
const FILE_BYTES = 2 * SECRET_BYTES;

export function secretPath(database: string): string {
  return `${database}.secret`;
}

/** The file is missing, unreadable or damaged. The message says what to do. */
export class SecretError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SecretError";
  }
}

/** @throws {SecretError} */
export function readSecrets(database: string): Secrets {
  const path = secretPath(database);
  let bytes: Uint8Array;
  try {
    bytes = readRegularFile(path);
  } catch (error) {
    throw new SecretError(
      `cannot read ${path}: ${reasonOf(error)}. The daemon creates it where notify or users is set`,
      { cause: error },
    );
  }
  if (bytes.length !== FILE_BYTES) {
    throw new SecretError(
      `${path} has ${bytes.length} bytes instead of ${FILE_BYTES}. Remove it and restart greylag; ` +
        "links sent before become invalid",
    );
  }
  const part = (name: SecretName) => bytes.slice(OFFSETS[name], OFFSETS[name] + SECRET_BYTES);
  return { links: part("links"), webhook: part("webhook") };
}

/**
 * Creates the file if there is none.
 *
 * @throws {SecretError}
 */
export function ensureSecrets(database: string): Secrets {
  const path = secretPath(database);
  try {
    const random = crypto.getRandomValues(new Uint8Array(FILE_BYTES));
    Deno.writeFileSync(path, random, { mode: 0o600, createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new SecretError(`cannot create ${path}: ${reasonOf(error)}`, { cause: error });
    }
  }
  return readSecrets(database);
}

/**
 * Replaces one secret, in place, so that the file keeps its owner.
 *
 * @throws {SecretError}
 */
export function rotateSecret(database: string, name: SecretName): void {
  readSecrets(database);
  const path = secretPath(database);
  try {
    using file = Deno.openSync(path, { write: true });
    file.seekSync(OFFSETS[name], Deno.SeekMode.Start);
    file.writeSync(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  } catch (error) {
    throw new SecretError(`cannot write ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
