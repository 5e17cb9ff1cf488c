import { sh } from "../clean_up.ts";

/** Writes the CA certificate `ca.pem`, and `server.pem` for a name, with its key. */
export async function makeCertificates(directory: string, name = "localhost"): Promise<void> {
  const request = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  await Deno.writeTextFile(
    `${directory}/extensions`,
    `subjectAltName=DNS:${name}\nbasicConstraints=CA:false\n`,
  );
  await sh(
    `cd ${directory} && ${request} -x509 -days 2 -subj '/CN=test authority' -keyout ca.key ` +
      `-out ca.pem && ${request} -subj /CN=${name} -keyout server.key -out server.csr && ` +
      "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 " +
      "-extfile extensions -out server.pem",
  );
}
