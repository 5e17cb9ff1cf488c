import { builtin } from "../node/builtin.ts";

/** The hash by which sites tell each other an address to forget, without telling the address. */
export function forgottenHash(key: Uint8Array, text: string): string {
  const { createHmac } = builtin("node:crypto");
  return createHmac("sha256", key).update(text).digest().subarray(0, 16).toString("base64url");
}
