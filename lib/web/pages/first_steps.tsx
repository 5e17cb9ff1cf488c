/**
 * The checklist of the first week: what works already, and what to do about the rest.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { DAY } from "../../text/duration.ts";
import { Panel } from "../components/layout.tsx";
import type { Health } from "../worker/health.ts";
import type { StatusService } from "../worker/status_service.ts";

/** The checklist is shown for this time after the first request of Postfix, in milliseconds. */
const FIRST_DAYS = 7 * DAY;

export interface StepFacts {
  /** Postfix has sent a request. */
  readonly isAsked: boolean;
  /** An authenticated user was seen since the start, or got a reply. */
  readonly hasOwnMail: boolean;
  readonly learnsOutbound: boolean;
  /** A first contact was deferred, or would have been in shadow mode. */
  readonly hasStranger: boolean;
  readonly hasPassword: boolean;
  /** The last DNS query was answered; undefined before the first. */
  readonly dnsWorks: boolean | undefined;
  readonly usesDns: boolean;
  readonly hasNoticeTargets: boolean;
  readonly notices: { readonly sent: number; readonly failed: number };
}

export interface Step {
  readonly name: string;
  readonly state: "done" | "open" | "failed";
  /** The next thing to do; empty if done. */
  readonly remedy: string;
}

function step(name: string, isDone: boolean, remedy: string, isFailed = false): Step {
  if (isDone) return { name, state: "done", remedy: "" };
  return { name, state: isFailed ? "failed" : "open", remedy };
}

export function stepsOf(facts: StepFacts): readonly Step[] {
  const { dnsWorks, notices } = facts;
  return [
    step(
      "Postfix asks",
      facts.isAsked,
      "No request so far. Add the policy check to Postfix (README, “Hook into Postfix”), then send a " +
        "message from another server.",
    ),
    ...(facts.learnsOutbound
      ? [step(
        "Own mail passes",
        facts.hasOwnMail,
        "No authenticated user so far. Send a message from your mail program. So that Greylag sees it, " +
          "run install.sh --learn-outbound.",
      )]
      : []),
    step(
      "First stranger seen",
      facts.hasStranger,
      "Send a message from an address that has not written to you before. It arrives after a retry.",
    ),
    step(
      "Password set",
      facts.hasPassword,
      "Run greylag passwd, so that this page can change something.",
    ),
    ...(facts.usesDns
      ? [step(
        "DNS works",
        dnsWorks === true,
        dnsWorks === false
          ? "The last query failed. Check dns_servers and /etc/resolv.conf."
          : "No query so far. The first stranger causes one.",
        dnsWorks === false,
      )]
      : []),
    step(
      "Notices work",
      notices.sent > 0 && notices.failed === 0,
      facts.hasNoticeTargets
        ? "No notice was sent since the start. Run greylag notify test."
        : "Optional: set notify, such as mail:admin@example.net, to hear of possibly lost mail.",
      notices.failed > 0,
    ),
  ];
}

/** True if the first request is younger than {@linkcode FIRST_DAYS}, or there was none. */
function isNew({ queries, now }: StatusService): boolean {
  const first = queries.trend("30d").find((bucket) =>
    bucket.passedUndelayed + bucket.deferred + bucket.retried + bucket.blocked > 0
  );
  return first === undefined || now - first.from < FIRST_DAYS;
}

function factsOf({ queries, settings }: StatusService, { daemonStatus }: Health): StepFacts {
  const { counters, dns } = daemonStatus;
  const hasDecision = (reason: "correspondent" | "new") =>
    queries.decisions({ text: "", limit: 1, reasons: [reason] }).rows.length > 0;
  const written = (name: string) => settings.inForce.find((one) => one.name === name)?.value ?? "";
  return {
    isAsked: !queries.isIdle(),
    hasOwnMail: counters.reasons.authenticated > 0 || hasDecision("correspondent"),
    learnsOutbound: settings.rules.learnOutbound,
    hasStranger: hasDecision("new"),
    hasPassword: queries.credentials().some(({ kind }) => kind === "password"),
    dnsWorks: dns.works,
    usesDns: settings.rules.hasDnsLists || written("spf") !== '"off"',
    hasNoticeTargets: [written("notify"), written("users")].some((one) =>
      !["", "[]"].includes(one)
    ),
    notices: counters.notices,
  };
}

const STATES: Readonly<Record<Step["state"], readonly [mark: string, text: string]>> = {
  done: ["✓", "done"],
  open: ["○", "open"],
  failed: ["✗", "failed"],
};

export function StepList({ steps }: { steps: readonly Step[] }): JSX.Element {
  return (
    <ul class="steps">
      {steps.map(({ name, state, remedy }) => (
        <li class={state}>
          <span aria-hidden="true">{STATES[state][0]}</span>
          <span class="visually-hidden">{`${STATES[state][1]}:`}</span> <b>{name}</b>
          {remedy === "" ? "" : <span class="muted">{` – ${remedy}`}</span>}
        </li>
      ))}
    </ul>
  );
}

/** Nothing once every step is done, or after the first week. */
export function FirstSteps(
  { service, health }: { service: StatusService; health: Health },
): JSX.Element | "" {
  if (!isNew(service)) return "";
  const steps = stepsOf(factsOf(service, health));
  if (steps.every(({ state }) => state === "done")) return "";
  return (
    <Panel id="first-steps" title="First steps">
      <StepList steps={steps} />
    </Panel>
  );
}
