/**
 * The words and links of a notice, for every kind of target.
 *
 * @module
 */
import { escapeLine } from "../text/escape.ts";
import { DAY } from "../text/duration.ts";
import type { Language } from "../text/language.ts";
import { type Purpose, sealLink } from "./link.ts";
import type { AdminNotice, DeferredNotice, DigestNotice, Notice, NoticeItem } from "./notice.ts";
import { addressText, hostText } from "./sender_text.ts";
import { messageActions, type NotifySettings } from "./settings.ts";
import { formatTime, TEXTS } from "./texts/texts.ts";

export interface Action {
  readonly purpose: Purpose;
  readonly label: string;
  readonly url: string;
}

/** A message of a notice. Texts are safe to show. */
export interface RenderedItem {
  readonly sender: string;
  readonly time: string;
  readonly actions: readonly Action[];
}

/** A notice without markup. */
export interface Rendered {
  readonly language: Language;
  readonly title: string;
  readonly intro: string;
  /** Labels and numbers. */
  readonly counts: readonly (readonly [label: string, count: number])[];
  /** Above the items; empty for none. */
  readonly choose: string;
  readonly items: readonly RenderedItem[];
  /** Further lines. */
  readonly lines: readonly string[];
  /** The recipient's page. */
  readonly page?: Action;
  readonly footer: string;
  readonly isUrgent: boolean;
}

/** Links of a notice work for this time. */
const LINK_LIFETIME = 8 * DAY;

export interface RenderContext {
  readonly settings: Pick<NotifySettings, "publicUrl" | "rights" | "hostname">;
  /** Of links. */
  readonly secret: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function renderNotice(notice: Notice, context: RenderContext): Rendered {
  switch (notice.kind) {
    case "deferred":
    case "digest":
      return renderForRecipient(notice, context);
    case "test":
      return administrators(
        "Test notice",
        `Notices of Greylag on ${context.settings.hostname} reach this target.`,
        [],
        context,
      );
    default:
      return renderForAdministrator(notice, context);
  }
}

function linkTo(
  purpose: Purpose,
  recipient: string,
  { deferral, time: since }: Pick<NoticeItem, "deferral" | "time">,
  { settings, secret, now }: RenderContext,
): string {
  const link = { purpose, recipient, deferral, since, expires: now + LINK_LIFETIME };
  return `${settings.publicUrl}/my/${sealLink(link, secret)}`;
}

function renderItem(
  item: NoticeItem,
  { recipient, language }: DeferredNotice | DigestNotice,
  context: RenderContext,
): RenderedItem {
  const texts = TEXTS[language];
  const { sender, time, canAllow } = item;
  const { publicUrl, rights } = context.settings;
  return {
    sender: addressText(sender),
    time: formatTime(time, language),
    actions: publicUrl === "" ? [] : messageActions(rights, canAllow).map((purpose) => ({
      purpose,
      label: texts[purpose].label,
      url: linkTo(purpose, recipient, item, context),
    })),
  };
}

function renderForRecipient(
  notice: DeferredNotice | DigestNotice,
  context: RenderContext,
): Rendered {
  const { language, recipient, items } = notice;
  const texts = TEXTS[language];
  const { hostname, publicUrl } = context.settings;
  const days = LINK_LIFETIME / DAY;
  const shown = addressText(recipient);
  const isDigest = notice.kind === "digest";
  const { digest } = texts;
  return {
    language,
    title: isDigest ? digest.subject[notice.period] : texts.deferred.subject,
    intro: isDigest ? digest.intro(shown) : texts.deferred.intro(shown),
    counts: isDigest
      ? [
        [digest.notRetried, notice.notRetried],
        [digest.stopped, notice.stopped],
        [digest.waiting, notice.waiting],
        [digest.retried, notice.retried],
      ]
      : [],
    choose: isDigest && items.length > 0 ? digest.choose : "",
    items: items.map((item) => renderItem(item, notice, context)),
    lines: publicUrl === "" ? [] : [texts.links(days)],
    ...(publicUrl === "" ? {} : {
      page: {
        purpose: "page",
        label: texts.page.open,
        url: linkTo("page", recipient, { deferral: 0, time: 0 }, context),
      },
    }),
    footer: texts.footer(hostname),
    isUrgent: !isDigest,
  };
}

function administrators(
  title: string,
  intro: string,
  lines: readonly string[],
  { settings }: RenderContext,
): Rendered {
  return {
    language: "en",
    title: `${title} (${settings.hostname})`,
    intro,
    counts: [],
    choose: "",
    items: [],
    lines,
    footer: TEXTS.en.footer(settings.hostname),
    isUrgent: false,
  };
}

/** Characters of a text from elsewhere. */
const MAX_TEXT = 300;

function renderForAdministrator(notice: AdminNotice, context: RenderContext): Rendered {
  switch (notice.kind) {
    case "lost": {
      const { count, items } = notice;
      const messages = count === 1 ? "1 message was" : `${count} messages were`;
      return administrators(
        count === 1 ? "1 possibly lost message" : `${count} possibly lost messages`,
        `${messages} deferred, not retried, and may be legitimate:`,
        [
          ...items.map(({ sender, recipient, client }) =>
            `${addressText(sender)} to ${addressText(recipient)}, from ${hostText(client)}`
          ),
          "To see and release them: greylag lost, greylag release.",
        ],
        context,
      );
    }
    case "trouble": {
      const [line = ""] = notice.text.split("\n");
      return {
        ...administrators(
          "Greylag has a problem",
          `${escapeLine(line).slice(0, MAX_TEXT)}.`,
          notice.remedy === "" ? [] : [escapeLine(notice.remedy).slice(0, MAX_TEXT)],
          context,
        ),
        isUrgent: true,
      };
    }
    case "flood":
      return administrators(
        "Flood of unknown senders",
        `${notice.count} or more first contacts arrived within ten minutes.`,
        [
          "They are greylisted. If many look urgent, recipients get no notices of single messages until an hour after the last.",
        ],
        context,
      );
  }
}

/** The notice as plain text. */
export function plainText(rendered: Rendered): string {
  const { intro, counts, choose, items, lines, page, footer } = rendered;
  const blocks = [
    intro,
    counts.map(([label, count]) => `${label}: ${count}`).join("\n"),
    choose,
    ...items.map(({ sender, time, actions }) =>
      [`${sender} (${time})`, ...actions.map(({ label, url }) => `  ${label}:\n  ${url}`)].join(
        "\n",
      )
    ),
    page === undefined ? "" : `${page.label}:\n${page.url}`,
    lines.join("\n"),
    footer,
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}
