/**
 * The languages of texts for senders and recipients of mail. Administrators get English.
 *
 * @module
 */

/** By their codes (RFC 5646). */
export const LANGUAGES = ["en", "de", "fr", "es", "nl", "it", "pl"] as const;

export type Language = typeof LANGUAGES[number];

export function isLanguage(text: string): text is Language {
  return (LANGUAGES as readonly string[]).includes(text);
}

/** Languages of one header that are looked at. */
const MAX_RANGES = 20;

/**
 * The language that a visitor prefers.
 *
 * @param header `Accept-Language` (RFC 9110, 12.5.4).
 * @returns the fallback if none of the wanted ones is known.
 */
export function preferredLanguage(header: string | undefined, fallback: Language = "en"): Language {
  let best = fallback;
  let bestQuality = 0;
  for (const range of (header ?? "").split(",", MAX_RANGES)) {
    const [tag = "", ...parameters] = range.trim().toLowerCase().split(/\s*;\s*/);
    const given = parameters.find((one) => one.startsWith("q="))?.slice(2);
    const quality = given === undefined
      ? 1
      : /^[01](?:\.\d{0,3})?$/.test(given)
      ? Number(given)
      : 0;
    const language = tag.split("-")[0]!;
    if (!isLanguage(language) || quality <= bestQuality) continue;
    best = language;
    bestQuality = quality;
  }
  return best;
}
