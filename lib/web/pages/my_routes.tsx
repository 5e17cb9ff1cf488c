/**
 * The routes of recipients. GET never changes anything: programs that look for viruses follow the
 * links of a mail before its reader does.
 *
 * @module
 */
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { EXPECTED_FOR } from "../../admin/list_entries.ts";
import { LOST_AFTER, LOST_THRESHOLD } from "../../admin/queries.ts";
import { MESSAGE_ACTIONS, type MessageAction } from "../../notify/settings.ts";
import { DatabaseError } from "../../store/database_error.ts";
import { deferralState } from "../../store/history.ts";
import { SECOND } from "../../text/duration.ts";
import { isLanguage, type Language } from "../../text/language.ts";
import { fieldsOf, isEncrypted } from "../http/actions.ts";
import { answerDocument, type App, type AppContext, type PageStatus } from "../http/context.tsx";
import type { StatusService } from "../worker/status_service.ts";
import { languageOf } from "./language.ts";
import { DEVICE_LIFETIME, MyAccess, type Refusal, RefusedLinkError } from "./my_access.ts";
import {
  actOnMessage,
  deferralOf,
  entriesOf,
  exempt,
  exemptionOf,
  removeOwn,
} from "./my_actions.ts";
import {
  ConfirmPage,
  DonePage,
  type MyContext,
  MyPage,
  type MyState,
  RefusedPage,
} from "./my_page.tsx";

const TOKEN = "/my/:token{[A-Za-z0-9_-]{60,700}}";

const COOKIE = "greylag_my";

/** Messages of a page. */
const MAX_MESSAGES = 20;
/** Newest deferrals that are looked at for them. */
const MAX_EXAMINED = 500;

const STATUS = {
  invalid: 404,
  expired: 410,
  used: 410,
  gone: 410,
  forbidden: 403,
  limit: 409,
  throttled: 429,
  failed: 503,
} as const;

function isMessageAction(text: string): text is MessageAction {
  return (MESSAGE_ACTIONS as readonly string[]).includes(text);
}

function contextOf(context: AppContext, service: StatusService, language: Language): MyContext {
  const { prefix, hostname, recipients } = service.settings;
  return { prefix, path: context.req.path, language, hostname, rights: recipients.rights };
}

/** A refusal in the language of the visitor. It shows nothing of the administrator's pages. */
export function answerRefusal(
  context: AppContext,
  service: StatusService,
  why: Refusal,
  status: PageStatus = STATUS[why],
): Response {
  if (why === "throttled") context.header("retry-after", String(60));
  const my = { ...contextOf(context, service, languageOf(context)), path: "/my/" };
  return answerDocument(context, <RefusedPage context={my} why={why} />, status);
}

class MyRoutes {
  readonly #service: StatusService;
  readonly #access: MyAccess;

  constructor(service: StatusService, access: MyAccess) {
    this.#service = service;
    this.#access = access;
  }

  /** GET of a link: a question, or the recipient's page. */
  show(context: AppContext, token: string, isDevice: boolean): Response {
    const opened = this.#access.open(token, context.env.address);
    const { purpose, recipient, deferral, since } = opened.link;
    const language = languageOf(context, opened.user.language);
    const my = contextOf(context, this.#service, language);
    if ((purpose === "device") !== isDevice) throw new RefusedLinkError("invalid");
    if (!isMessageAction(purpose)) {
      const isSaved = context.req.query("saved") !== undefined;
      const state = this.#stateOf(token, recipient, isDevice, isSaved);
      return answerDocument(context, <MyPage context={my} state={state} />);
    }
    this.#access.requireRight(purpose);
    if (this.#service.queries.isLinkUsed(opened.tag)) throw new RefusedLinkError("used");
    const found = deferralOf(this.#service, deferral, recipient, since);
    if (purpose === "release" && found.ended !== undefined) throw new RefusedLinkError("gone");
    return answerDocument(
      context,
      <ConfirmPage context={my} action={purpose} deferral={found} />,
    );
  }

  /** POST of a link: the only way in which it acts, and once. */
  act(context: AppContext, token: string): Response {
    const opened = this.#access.open(token, context.env.address);
    const { purpose, recipient, deferral, since, expires } = opened.link;
    if (!isMessageAction(purpose)) throw new RefusedLinkError("invalid");
    this.#access.requireRight(purpose);
    this.#access.countChange(recipient, "any");
    const found = deferralOf(this.#service, deferral, recipient, since);
    actOnMessage(this.#service, purpose, found, recipient, () => {
      if (!this.#service.commands.useLink(opened.tag, expires)) throw new RefusedLinkError("used");
    });
    this.#service.daemon.tell({ kind: "link-used", recipient, what: `${purpose} by link` });
    const my = contextOf(context, this.#service, languageOf(context, opened.user.language));
    const page = `/my/${this.#access.linkFor(recipient, "page")}`;
    return answerDocument(context, <DonePage context={my} action={purpose} page={page} />);
  }

  /** POST of a form of the recipient's page. */
  async submit(context: AppContext): Promise<Response> {
    const { link = "", do: what = "", id = "" } = await fieldsOf(context);
    const opened = this.#access.open(link, context.env.address);
    const { purpose, recipient } = opened.link;
    if (purpose !== "page" && purpose !== "device") throw new RefusedLinkError("invalid");
    this.#access.countChange(recipient, "any");
    const number = /^\d{1,15}$/.test(id) ? Number(id) : 0;
    this.#change(what, number, recipient);
    this.#service.daemon.tell({ kind: "link-used", recipient, what: `${what} on own page` });
    const isDevice = this.#keepDevice(context, what, recipient) ?? purpose === "device";
    const lang = context.req.query("lang") ?? "";
    const query = `?saved${isLanguage(lang) ? `&lang=${lang}` : ""}`;
    // A page that was left on a device has no other link.
    const page = isDevice
      ? ""
      : purpose === "page"
      ? link
      : this.#access.linkFor(recipient, "page");
    return context.redirect(`${this.#service.settings.prefix}/my/${page}${query}`, 303);
  }

  #change(what: string, id: number, recipient: string): void {
    const service = this.#service;
    if (isMessageAction(what)) {
      this.#access.requireRight(what);
      return actOnMessage(service, what, deferralOf(service, id, recipient), recipient, () => {});
    }
    switch (what) {
      case "expect":
        this.#access.requireRight("expect");
        this.#access.countChange(recipient, "expect");
        return exempt(service, recipient, EXPECTED_FOR);
      case "off":
        this.#access.requireRight("greylisting");
        return exempt(service, recipient, undefined);
      case "on": {
        const entry = exemptionOf(service, recipient)?.entry;
        if (entry !== undefined) removeOwn(service, recipient, entry.id);
        return;
      }
      case "remove":
        return removeOwn(service, recipient, id);
      case "keep":
      case "leave":
        return;
      default:
        throw new RefusedLinkError("invalid");
    }
  }

  /** Sets or deletes the cookie of a device; undefined if the form is about something else. */
  #keepDevice(context: AppContext, what: string, recipient: string): boolean | undefined {
    const path = `${this.#service.settings.prefix}/my/`;
    if (what === "leave") {
      deleteCookie(context, COOKIE, { path });
      return false;
    }
    if (what !== "keep") return undefined;
    setCookie(context, COOKIE, this.#access.linkFor(recipient, "device"), {
      path,
      httpOnly: true,
      sameSite: "Strict",
      secure: isEncrypted(context),
      maxAge: DEVICE_LIFETIME / SECOND,
    });
    return true;
  }

  #stateOf(token: string, recipient: string, isDevice: boolean, isSaved: boolean): MyState {
    const { queries, now } = this.#service;
    const { rows } = queries.deferred({ text: "", mailbox: recipient, limit: MAX_EXAMINED });
    const inState = (state: string) =>
      rows.filter((one) => deferralState(one, now - LOST_AFTER) === state);
    const lost = queries.rankLost(inState("not-retried"))
      .filter(({ legitimacy }) => legitimacy >= LOST_THRESHOLD)
      .map(({ deferral }) => deferral);
    return {
      recipient,
      waiting: inState("waiting").slice(0, MAX_MESSAGES),
      lost: lost.slice(0, MAX_MESSAGES),
      senders: entriesOf(this.#service, recipient).filter(({ list, matchOn }) =>
        matchOn === "pair" && list !== "release"
      ),
      exemption: exemptionOf(this.#service, recipient),
      token,
      isDevice,
      isSaved,
    };
  }
}

/** @param elapsed a monotonic clock in milliseconds. */
export function serveMy(app: App, service: StatusService, elapsed: () => number): void {
  const routes = new MyRoutes(service, new MyAccess(service, elapsed));
  const answer = (
    handle: (context: AppContext) => Response | Promise<Response>,
  ) =>
  async (context: AppContext): Promise<Response> => {
    context.header("vary", "accept-language");
    try {
      return await handle(context);
    } catch (error) {
      if (error instanceof RefusedLinkError) return answerRefusal(context, service, error.why);
      // The store reports its own errors, which name files.
      if (error instanceof DatabaseError) return answerRefusal(context, service, "failed");
      throw error;
    }
  };
  const tokenOf = (context: AppContext) => context.req.path.slice("/my/".length);
  app.get(
    "/my/",
    answer((context) => {
      const token = getCookie(context, COOKIE);
      if (token === undefined) throw new RefusedLinkError("invalid");
      return routes.show(context, token, true);
    }),
  );
  app.get(TOKEN, answer((context) => routes.show(context, tokenOf(context), false)));
  app.post("/my/do", answer((context) => routes.submit(context)));
  app.post(TOKEN, answer((context) => routes.act(context, tokenOf(context))));
}
