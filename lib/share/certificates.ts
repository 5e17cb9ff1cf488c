import { readRegularText } from "../files/regular_file.ts";
import { messageOf, reasonOf } from "../text/error_message.ts";

const REMEDIES: readonly (readonly [error: RegExp, remedy: string])[] = [
  [
    /UnknownIssuer|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SELF_SIGNED/,
    "the CA is unknown: set share_ca_file to its certificate",
  ],
  [/NotValidForName|ALTNAME/, "the certificate is for another name: use that name in share"],
  [/before secure TLS connection/, "the server may not support TLS"],
  [/Expired|NotValidYet/i, "correct the clock, or renew the certificate"],
];

/** Appends the remedy to the message of a TLS error. */
export function withRemedy(why: string): string {
  const remedy = REMEDIES.find(([error]) => error.test(why))?.[1];
  return remedy === undefined ? why : `${why}; ${remedy}`;
}

/**
 * Reads `share_ca_file`: CA certificates in PEM.
 *
 * @param path empty for none.
 * @throws {Error} that says what to do.
 */
export function readCertificates(path: string): readonly string[] {
  if (path === "") return [];
  let text: string;
  try {
    text = readRegularText(path);
  } catch (error) {
    throw new Error(
      `share_ca_file: cannot read ${path}: ${reasonOf(error)}. ` +
        "It must be readable for the user greylag",
      { cause: error },
    );
  }
  try {
    if (!text.includes("-----BEGIN CERTIFICATE-----")) throw new Error("it has none in PEM");
    Deno.createHttpClient({ caCerts: [text] }).close();
  } catch (error) {
    throw new Error(
      `share_ca_file: no certificate in ${path}: ${messageOf(error)}. ` +
        "Write the certificate of the CA to it, not its key, in PEM",
      { cause: error },
    );
  }
  return [text];
}
