/**
 * The help page for senders of delayed mail. It is public and shows nothing of the other pages.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { MINUTE, SECOND } from "../../text/duration.ts";
import type { Language } from "../../text/language.ts";
import { PublicPage } from "../components/public_page.tsx";
import { Text } from "../components/text.tsx";
import { fieldsOf } from "../http/actions.ts";
import { limitKey } from "../http/client_address.ts";
import { answerDocument, type App } from "../http/context.tsx";
import { RateLimit } from "../http/rate_limit.ts";
import type { StatusSettings } from "../settings.ts";
import type { StatusService } from "../worker/status_service.ts";
import { HELP_TEXTS, type HelpTexts } from "./help_texts.ts";
import { durationText, languageOf, usualZone } from "./language.ts";
import { type MessageQuestion, messageState } from "./message_state.ts";

const HTTPS_URL = /^https:\/\/[^\s"'<>]+$/;
const MAIL_ADDRESS = /^[^\s"'<>@,;:]+@[A-Za-z0-9.-]+$/;

/** Questions of one visitor, and of all. */
const VISITOR_RATE = { burst: 5, intervalMs: MINUTE };
const TOTAL_RATE = { burst: 30, intervalMs: 10 * SECOND };

/** Offsets from UTC that are in use. */
const ZONES = [
  "-12:00 -11:00 -10:00 -09:30 -09:00 -08:00 -07:00 -06:00 -05:00 -04:00 -03:30 -03:00 -02:00",
  "-01:00 +00:00 +01:00 +02:00 +03:00 +03:30 +04:00 +04:30 +05:00 +05:30 +05:45 +06:00 +06:30",
  "+07:00 +08:00 +08:45 +09:00 +09:30 +10:00 +10:30 +11:00 +12:00 +12:45 +13:00 +14:00",
].join(" ").split(" ");

function Contact({ of }: { of: string }): JSX.Element {
  if (HTTPS_URL.test(of)) return <a href={of} rel="noreferrer">{of}</a>;
  if (MAIL_ADDRESS.test(of)) return <a href={`mailto:${of}`}>{of}</a>;
  return <Text of={of} maxLength={300} />;
}

/** The offset of a time zone from UTC: `+01:00`. */
function offsetOf(timeZone: string, now: number): string {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  const name = format.formatToParts(now).find(({ type }) => type === "timeZoneName")?.value;
  return /[+-]\d\d:\d\d/.exec(name ?? "")?.[0] ?? "+00:00";
}

/** The answer to a question, as a sentence. */
interface Answer {
  readonly text: string;
  readonly isError: boolean;
}

function QuestionForm(
  { action, texts, given, answer }: {
    action: string;
    texts: HelpTexts;
    given: MessageQuestion;
    answer: Answer | undefined;
  },
): JSX.Element {
  return (
    <form method="post" action={`${action}#answer`} class="card form">
      <h2>{texts.formTitle}</h2>
      <p>{texts.formIntro}</p>
      {answer === undefined
        ? ""
        : (
          <p id="answer" class={answer.isError ? "notice error" : "notice"} role="status">
            {answer.text}
          </p>
        )}
      {([["sender", texts.sender], ["recipient", texts.recipient]] as const).map((
        [name, label],
      ) => (
        <p class="field">
          <label for={name}>{label}</label>
          <input
            id={name}
            name={name}
            type="text"
            inputmode="email"
            autocapitalize="off"
            spellcheck={false}
            required
            maxlength={320}
            value={given[name]}
            autocomplete={name === "sender" ? "email" : "off"}
          />
        </p>
      ))}
      <p class="field">
        <label for="time">{texts.time}</label>
        <input id="time" name="time" type="datetime-local" required value={given.time} />
      </p>
      <p class="field">
        <label for="zone">{texts.zone}</label>
        <select id="zone" name="zone">
          {ZONES.map((zone) => (
            <option value={zone} selected={zone === given.zone}>{`UTC${zone}`}</option>
          ))}
        </select>
      </p>
      <p>
        <button type="submit" class="primary">{texts.submit}</button>
      </p>
    </form>
  );
}

function HelpPage(
  { settings, language, given, answer }: {
    settings: StatusSettings;
    language: Language;
    given: MessageQuestion;
    answer?: Answer | undefined;
  },
): JSX.Element {
  const { prefix, hostname, helpText, helpContact, rules } = settings;
  const texts = HELP_TEXTS[language];
  const duration = (milliseconds: number) => durationText(language, milliseconds);
  return (
    <PublicPage
      prefix={prefix}
      path="/help"
      language={language}
      languagesName={texts.languages}
      hostname={hostname}
      title={texts.title}
    >
      {helpText === "" ? "" : (
        <p>
          <Text of={helpText} maxLength={2000} />
        </p>
      )}
      <p>{texts.explanation(hostname)}</p>
      <h2>{texts.optionsTitle}</h2>
      <ul>
        <li>{texts.wait}</li>
        <li>{texts.forServers(duration(rules.delay), duration(rules.retryWindow))}</li>
        <li>
          {texts.contact}
          {helpContact === "" ? "." : ": "}
          {helpContact === "" ? "" : <Contact of={helpContact} />}
        </li>
      </ul>
      <QuestionForm
        action={`${prefix}/help?lang=${language}`}
        texts={texts}
        given={given}
        answer={answer}
      />
    </PublicPage>
  );
}

/** @param elapsed a monotonic clock in milliseconds. */
export function serveHelp(app: App, service: StatusService, elapsed: () => number): void {
  const perVisitor = new RateLimit(VISITOR_RATE);
  const total = new RateLimit(TOTAL_RATE);

  app.get("/help", (context) => {
    const language = languageOf(context);
    context.header("vary", "accept-language");
    const zone = offsetOf(usualZone(language), service.now);
    const given = { sender: "", recipient: "", time: "", zone };
    return answerDocument(
      context,
      <HelpPage settings={service.settings} language={language} given={given} />,
    );
  });

  app.post("/help", async (context) => {
    const language = languageOf(context);
    const { sender = "", recipient = "", time = "", zone = "" } = await fieldsOf(context);
    const given = { sender, recipient, time, zone };
    const [key, now] = [limitKey(context.env.address), elapsed()];
    const wait = Math.max(perVisitor.waitFor(key, now), total.waitFor("", now));
    const answer = (
      { kind, duration }: ReturnType<typeof messageState>,
      status: 200 | 400 | 429 | 503,
    ) => {
      const text = HELP_TEXTS[language].answers[kind](durationText(language, duration ?? 0));
      const page = (
        <HelpPage
          settings={service.settings}
          language={language}
          given={given}
          answer={{ text, isError: status !== 200 }}
        />
      );
      return answerDocument(context, page, status);
    };
    if (wait > 0) {
      context.header("retry-after", String(Math.ceil(wait / SECOND)));
      return answer({ kind: "throttled", duration: wait }, 429);
    }
    perVisitor.use(key, now);
    total.use("", now);
    const state = messageState(service, given);
    return answer(state, state.kind === "invalid" ? 400 : state.kind === "unavailable" ? 503 : 200);
  });
}
