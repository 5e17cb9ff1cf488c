import { readRegularText } from "../files/regular_file.ts";
import { builtin } from "../node/builtin.ts";
import { reasonOf } from "../text/error_message.ts";

/** The secret that the sites of one group have in common, and the keys derived from it. */
export interface ShareSecret {
  /** As in the file: the password of the database. */
  readonly password: string;
  /** By which sites recognise each other over HTTP. */
  readonly token: string;
  /** The key of the hashes of forgotten addresses. */
  readonly forgetKey: Uint8Array;
}

const MIN_LENGTH = 20;

function derived(password: string, purpose: string): Uint8Array<ArrayBuffer> {
  const { createHmac } = builtin("node:crypto");
  return new Uint8Array(createHmac("sha256", password).update(`greylag share ${purpose}`).digest());
}

function secretOf(password: string): ShareSecret {
  return {
    password,
    token: derived(password, "token").toBase64({ alphabet: "base64url", omitPadding: true }),
    forgetKey: derived(password, "forget"),
  };
}

/**
 * Reads `share_password_file`.
 *
 * @param isPassword it is that of a database, which may be short.
 * @throws {Error} that says what to do.
 */
export function readSecret(path: string, isPassword: boolean): ShareSecret {
  let text: string;
  try {
    text = readRegularText(path).trim();
  } catch (error) {
    throw new Error(
      `share_password_file: cannot read ${path}: ${reasonOf(error)}. ` +
        "It must be readable for the user greylag",
      { cause: error },
    );
  }
  if (text.length < (isPassword ? 1 : MIN_LENGTH)) {
    throw new Error(
      `share_password_file: ${path} has fewer than ${MIN_LENGTH} characters. ` +
        `Write a secret with: openssl rand -base64 32 > ${path}, and copy it to the other sites`,
    );
  }
  return secretOf(text);
}
