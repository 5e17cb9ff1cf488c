/**
 * The language of pages for people who do not run the mail server: senders and recipients.
 *
 * @module
 */
import { isLanguage, type Language, preferredLanguage } from "../../text/language.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../text/duration.ts";
import type { AppContext } from "../http/context.tsx";

/** The languages with their own names. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  nl: "Nederlands",
  it: "Italiano",
  pl: "Polski",
};

/** The language that the parameter `lang` chooses, or that the visitor's browser prefers. */
export function languageOf(context: AppContext, fallback?: Language): Language {
  const chosen = context.req.query("lang") ?? "";
  return isLanguage(chosen)
    ? chosen
    : preferredLanguage(context.req.header("accept-language"), fallback);
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
