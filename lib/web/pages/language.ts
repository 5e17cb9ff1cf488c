/**
 * The language of pages for people who do not run the mail server: senders and recipients.
 *
 * @module
 */
import { parseAccept } from "hono/utils/accept";
import type { AppContext } from "../http/context.tsx";
import { DAY, HOUR, MINUTE, SECOND } from "../../text/duration.ts";

/** The languages with their own names; the first is used if the visitor prefers none of them. */
export const LANGUAGE_NAMES = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  nl: "Nederlands",
  it: "Italiano",
  pl: "Polski",
} as const;

export type Language = keyof typeof LANGUAGE_NAMES;

export const LANGUAGES = Object.keys(LANGUAGE_NAMES) as [Language, ...Language[]];

function languageNamed(tag: string): Language | undefined {
  const primary = tag.toLowerCase().split("-")[0];
  return LANGUAGES.find((one) => one === primary);
}

/**
 * The language that a visitor prefers; English for none.
 *
 * @param acceptLanguage the header (RFC 9110, 12.5.4).
 */
export function preferredLanguage(acceptLanguage: string | undefined): Language {
  for (const { type, q } of parseAccept(acceptLanguage ?? "")) {
    const language = q > 0 ? languageNamed(type) : undefined;
    if (language !== undefined) return language;
  }
  return LANGUAGES[0];
}

/** The language that the parameter `lang` chooses, or that the visitor's browser prefers. */
export function languageOf(context: AppContext): Language {
  const chosen = languageNamed(context.req.query("lang") ?? "");
  return chosen ?? preferredLanguage(context.req.header("accept-language"));
}

const UNITS = [["days", DAY], ["hours", HOUR], ["minutes", MINUTE], ["seconds", SECOND]] as const;

/** A duration in words, in its two largest units. */
export function durationText(language: Language, milliseconds: number): string {
  let rest = Math.max(SECOND, Math.round(milliseconds / SECOND) * SECOND);
  const parts: Partial<Record<typeof UNITS[number][0], number>> = {};
  for (const [name, size] of UNITS) {
    if (Object.keys(parts).length === 2) break;
    const amount = Math.floor(rest / size);
    rest %= size;
    if (amount > 0) parts[name] = amount;
  }
  return new Intl.DurationFormat(language, { style: "long" }).format(parts);
}

/** The language's most likely time zone; for English, spoken everywhere, UTC. */
export function usualZone(language: Language): string {
  return language === "en" ? "UTC" : "Europe/Berlin";
}
