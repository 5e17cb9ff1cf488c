import { readRegularText } from "../files/regular_file.ts";
import { messageOf, reasonOf } from "../text/error_message.ts";

/**
 * Reads `share_ca_file`: certificates in PEM that are trusted besides the public ones.
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
        "Write the certificate of the authority to it, not its key, in PEM",
      { cause: error },
    );
  }
  return [text];
}
