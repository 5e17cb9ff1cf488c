/**
 * The recipient's own page, and the pages that ask before a link of a notice acts.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import { parseBoundPair } from "../../lists/pattern.ts";
import { originOf } from "../../notify/binding.ts";
import { clientOf } from "../../notify/notice.ts";
import { addressText, hostText } from "../../notify/sender_text.ts";
import { type MessageAction, messageActions, type Right } from "../../notify/settings.ts";
import { formatTime, TEXTS, type Texts } from "../../notify/texts/texts.ts";
import type { Deferral } from "../../store/history.ts";
import type { StoredEntry } from "../../store/store.ts";
import type { Language } from "../../text/language.ts";
import { PublicPage } from "../components/public_page.tsx";
import { HELP_TEXTS } from "./help_texts.ts";
import type { Exemption } from "./my_actions.ts";
import type { Refusal } from "./my_access.ts";

/** The properties that every page of a recipient has. */
export interface MyContext {
  readonly prefix: string;
  /** Of this page, without the prefix. */
  readonly path: string;
  readonly language: Language;
  readonly hostname: string;
  readonly rights: readonly Right[];
}

function MyLayout(
  { context, title, children }: { context: MyContext; title: string; children: Child },
): JSX.Element {
  const { prefix, path, language, hostname } = context;
  return (
    <PublicPage
      prefix={prefix}
      path={path}
      language={language}
      languagesName={HELP_TEXTS[language].languages}
      hostname={hostname}
      title={title}
    >
      {children}
    </PublicPage>
  );
}

/** Where a message comes from, in words that hold no link. */
function Message(
  { deferral, language }: { deferral: Deferral; language: Language },
): JSX.Element {
  const texts = TEXTS[language];
  return (
    <dl class="facts">
      <dt>{texts.from}</dt>
      <dd>
        <bdi class="mailbox">{addressText(deferral.sender)}</bdi>
      </dd>
      <dt>{texts.sentBy}</dt>
      <dd class="mailbox">{hostText(clientOf(deferral))}</dd>
      <dt>{texts.firstTried}</dt>
      <dd>{formatTime(deferral.firstSeen, language)}</dd>
    </dl>
  );
}

/** Asks; only the button changes anything. */
export function ConfirmPage(
  { context, action, deferral }: {
    context: MyContext;
    action: MessageAction;
    deferral: Deferral;
  },
): JSX.Element {
  const { language, prefix, path } = context;
  const texts = TEXTS[language][action];
  return (
    <MyLayout context={context} title={texts.question}>
      <form method="post" action={`${prefix}${path}?lang=${language}`} class="card form">
        <Message deferral={deferral} language={language} />
        <p>{texts.effect}</p>
        {/* Some proxies lose the length of an empty body. */}
        <input type="hidden" name="do" value={action} />
        <p>
          <button type="submit" class={action === "spam" ? "danger large" : "primary large"}>
            {texts.label}
          </button>
        </p>
      </form>
    </MyLayout>
  );
}

export function DonePage(
  { context, action, page }: { context: MyContext; action: MessageAction; page: string },
): JSX.Element {
  const { language, prefix } = context;
  const texts = TEXTS[language];
  return (
    <MyLayout context={{ ...context, path: page }} title={texts[action].label}>
      <div class="card form">
        <p class="notice" role="status">{texts[action].done}</p>
        <p>{texts[action].advice}</p>
        <p>
          <a class="button" href={`${prefix}${page}`}>{texts.page.open}</a>
        </p>
      </div>
    </MyLayout>
  );
}

export function RefusedPage({ context, why }: { context: MyContext; why: Refusal }): JSX.Element {
  const texts = TEXTS[context.language];
  return (
    <MyLayout context={context} title={texts.page.title}>
      <div class="card form">
        <p class="notice error" role="alert">{texts.refused[why]}</p>
        {why === "throttled" || why === "failed" ? "" : <p>{texts.newest}</p>}
      </div>
    </MyLayout>
  );
}

/** The state of one recipient. */
export interface MyState {
  readonly recipient: string;
  readonly waiting: readonly Deferral[];
  readonly lost: readonly Deferral[];
  /** Own entries for senders. */
  readonly senders: readonly StoredEntry[];
  readonly exemption: Exemption | undefined;
  /** The token of the forms. */
  readonly token: string;
  readonly isDevice: boolean;
  /** The last form was accepted. */
  readonly isSaved: boolean;
}

interface Parts {
  readonly context: MyContext;
  readonly state: MyState;
  readonly texts: Texts;
}

function Button(
  { parts: { context, state }, what, id, style = "", children }: {
    parts: Parts;
    /** The action of the form. */
    what: string;
    id?: number;
    style?: string;
    children: Child;
  },
): JSX.Element {
  return (
    <form method="post" action={`${context.prefix}/my/do?lang=${context.language}`} class="action">
      <input type="hidden" name="link" value={state.token} />
      <input type="hidden" name="do" value={what} />
      {id === undefined ? "" : <input type="hidden" name="id" value={String(id)} />}
      <button type="submit" class={style}>{children}</button>
    </form>
  );
}

function Messages(
  { parts, title, empty, deferrals }: {
    parts: Parts;
    title: string;
    empty: string;
    deferrals: readonly Deferral[];
  },
): JSX.Element {
  const { context: { rights, language }, texts } = parts;
  return (
    <section class="card form">
      <h2>{title}</h2>
      {deferrals.length === 0 ? <p class="muted">{empty}</p> : ""}
      {deferrals.map((deferral) => (
        <article class="mine">
          <Message deferral={deferral} language={language} />
          <div class="buttons">
            {messageActions(rights, originOf(deferral) !== undefined).map((action) => (
              <Button
                parts={parts}
                what={action}
                id={deferral.id}
                style={action === "release" ? "primary" : action === "spam" ? "danger" : ""}
              >
                {texts[action].label}
              </Button>
            ))}
          </div>
        </article>
      ))}
    </section>
  );
}

function Senders({ parts }: { parts: Parts }): JSX.Element {
  const { state: { senders }, texts: { page } } = parts;
  return (
    <section class="card form">
      <h2>{page.entries}</h2>
      {senders.length === 0 ? <p class="muted">{page.noEntries}</p> : ""}
      {senders.map(({ id, list, pattern }) => {
        const { pair, origin } = parseBoundPair(pattern) ?? { pair: pattern, origin: "" };
        const [sender = ""] = pair.split(" ", 1);
        return (
          <article class="mine">
            <p>
              <bdi class="mailbox">{addressText(sender === "<>" ? "" : sender)}</bdi>{" "}
              <span class="muted">
                {`${list === "allow" ? page.allowed : page.blocked}, ${
                  hostText(origin.slice(origin.indexOf(":") + 1))
                }`}
              </span>
            </p>
            <Button parts={parts} what="remove" id={id}>{page.remove}</Button>
          </article>
        );
      })}
    </section>
  );
}

function Expecting({ parts }: { parts: Parts }): JSX.Element {
  const { state: { exemption }, context: { language, rights }, texts: { page } } = parts;
  const until = exemption?.until;
  if (!rights.includes("expect") || (exemption !== undefined && until === undefined)) {
    return <span hidden />;
  }
  return (
    <section class="card form">
      <h2>{page.expect}</h2>
      <p>{until === undefined ? page.expectEffect : page.expecting(formatTime(until, language))}</p>
      {until === undefined
        ? <Button parts={parts} what="expect" style="primary large">{page.expect}</Button>
        : ""}
    </section>
  );
}

function Greylisting({ parts }: { parts: Parts }): JSX.Element {
  const { state: { exemption }, context: { rights }, texts: { page } } = parts;
  const isOff = exemption !== undefined && exemption.until === undefined;
  if (!rights.includes("greylisting")) return <span hidden />;
  return (
    <section class="card form">
      <h2>{page.greylisting}</h2>
      <p>{isOff ? page.isOff : page.isOn}</p>
      {isOff
        ? exemption.entry === undefined
          ? ""
          : <Button parts={parts} what="on">{page.turnOn}</Button>
        : <Button parts={parts} what="off">{page.turnOff}</Button>}
    </section>
  );
}

function Device({ parts }: { parts: Parts }): JSX.Element {
  const { state, texts: { page } } = parts;
  return (
    <section class="card form">
      <h2>{page.device}</h2>
      {state.isDevice ? "" : <p>{page.keepEffect}</p>}
      {state.isDevice
        ? <Button parts={parts} what="leave">{page.leave}</Button>
        : <Button parts={parts} what="keep">{page.keep}</Button>}
    </section>
  );
}

export function MyPage({ context, state }: { context: MyContext; state: MyState }): JSX.Element {
  const texts = TEXTS[context.language];
  const parts = { context, state, texts };
  return (
    <MyLayout context={context} title={texts.page.title}>
      <p class="mailbox">{addressText(state.recipient)}</p>
      {state.isSaved ? <p class="notice" role="status">{texts.page.saved}</p> : ""}
      <Expecting parts={parts} />
      <Messages
        parts={parts}
        title={texts.page.waiting}
        empty={texts.page.noneWaiting}
        deferrals={state.waiting}
      />
      <Messages
        parts={parts}
        title={texts.page.notRetried}
        empty={texts.page.noneNotRetried}
        deferrals={state.lost}
      />
      <Senders parts={parts} />
      <Greylisting parts={parts} />
      <Device parts={parts} />
    </MyLayout>
  );
}
