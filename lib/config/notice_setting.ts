/**
 * Kinds of settings for notices and recipients.
 *
 * @module
 */
import {
  isMailAddress,
  isSafeUrl,
  parseTarget,
  type Target,
  TARGET_NOTATION,
} from "../notify/target.ts";
import { parseUser, type User, userOf } from "../notify/user.ts";
import { type Described, listOf, type Parsed, readAs, type Setting, setting } from "./setting.ts";

export function targets(described: Described): Setting<Target[]> {
  return listOf("TARGET,…", parseTarget, TARGET_NOTATION, described);
}

/** Words of a fixed set. */
export function words<const T extends string>(
  known: readonly T[],
  described: Described,
): Setting<T[]> {
  const read = (given: string) => known.find((word) => word === given);
  return listOf("WORD,…", read, known.map((word) => `"${word}"`).join(", "), described);
}

/** A public URL without query; empty for none. Its final slash is removed. */
export function publicUrl(described: Described): Setting<string> {
  const wanted = `a URL such as "https://mail.example.net", https except in the local network`;
  const read = (given: string) => {
    if (given === "") return "";
    const url = /^https?:\/\/[!-~]+$/.test(given) ? URL.parse(given) : null;
    const isPlain = url !== null && url.search === "" && url.hash === "" && url.username === "" &&
      url.password === "" && /^[A-Za-z0-9/._~-]*$/.test(url.pathname);
    return isPlain && isSafeUrl(url) ? url.href.replace(/\/+$/, "") : undefined;
  };
  return setting("string", "URL", wanted, readAs(read, wanted), described);
}

/** A plain mail address; empty for none. */
export function mailAddress(described: Described): Setting<string> {
  const wanted = "a mail address";
  const read = (given: string) => given === "" || isMailAddress(given) ? given : undefined;
  return setting("string", "ADDRESS", wanted, readAs(read, wanted), described);
}

/** Tables, or strings in the notation of a user file. */
export function users(described: Described): Setting<User[]> {
  const wanted = `a list of { address = "…", notify = "…", digest = "…", language = "…" }`;
  const parse = (written: unknown): Parsed<User[]> => {
    if (!Array.isArray(written)) return { ok: false, why: `must be ${wanted}` };
    const found: User[] = [];
    for (const given of written) {
      const isTable = typeof given === "object" && given !== null && !Array.isArray(given);
      if (typeof given !== "string" && !isTable) return { ok: false, why: `must be ${wanted}` };
      const parsed = typeof given === "string" ? parseUser(given) : userOf(given);
      if (!parsed.ok) return { ok: false, why: `entry ${found.length + 1}: ${parsed.why}` };
      found.push(parsed.user);
    }
    return { ok: true, value: found };
  };
  return setting("array", "USER,…", wanted, parse, described);
}
