/**
 * The sentences of recipients' notices and pages, one file a language.
 *
 * @module
 */
import type { Language } from "../../text/language.ts";
import { DE } from "./de.ts";
import { EN } from "./en.ts";
import { ES } from "./es.ts";
import { FR } from "./fr.ts";
import { IT } from "./it.ts";
import { NL } from "./nl.ts";
import { PL } from "./pl.ts";

/** The page that asks before a link acts, and the one after it. */
interface Confirmation {
  /** The label of the link, and of the button of the page. */
  readonly label: string;
  readonly question: string;
  readonly effect: string;
  readonly done: string;
  readonly advice: string;
}

export interface Texts {
  readonly deferred: {
    readonly subject: string;
    readonly intro: (recipient: string) => string;
  };
  readonly digest: {
    readonly subject: Readonly<Record<"day" | "week", string>>;
    readonly intro: (recipient: string) => string;
    readonly notRetried: string;
    readonly stopped: string;
    readonly waiting: string;
    readonly retried: string;
    /** Above the messages. */
    readonly choose: string;
  };
  /** The effect of the links, and their lifetime. */
  readonly links: (days: number) => string;
  readonly footer: (host: string) => string;
  readonly release: Confirmation;
  readonly allow: Confirmation;
  readonly spam: Confirmation;
  readonly from: string;
  readonly sentBy: string;
  readonly firstTried: string;
  readonly refused: Readonly<
    Record<
      "invalid" | "expired" | "used" | "forbidden" | "gone" | "limit" | "throttled" | "failed",
      string
    >
  >;
  readonly newest: string;
  readonly page: {
    readonly title: string;
    readonly waiting: string;
    readonly noneWaiting: string;
    readonly notRetried: string;
    readonly noneNotRetried: string;
    readonly entries: string;
    readonly noEntries: string;
    readonly allowed: string;
    readonly blocked: string;
    readonly remove: string;
    readonly expect: string;
    readonly expectEffect: string;
    readonly expecting: (time: string) => string;
    readonly greylisting: string;
    readonly isOn: string;
    readonly isOff: string;
    readonly turnOff: string;
    readonly turnOn: string;
    readonly device: string;
    readonly keep: string;
    readonly keepEffect: string;
    readonly leave: string;
    readonly saved: string;
    readonly back: string;
    readonly open: string;
  };
}

export const TEXTS: Readonly<Record<Language, Texts>> = {
  en: EN,
  de: DE,
  fr: FR,
  es: ES,
  nl: NL,
  it: IT,
  pl: PL,
};

/** @param time milliseconds since the epoch. */
export function formatTime(time: number, language: Language): string {
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
    dateStyle: "medium",
    timeStyle: "short",
  }).format(time);
}
