/**
 * The page of one message: its verdict as a sentence with the right button, its timeline and its
 * evidence.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Step } from "../../admin/explanation.ts";
import { REASON_TEXTS } from "../../greylist/model.ts";
import type {
  Deferral,
  DeferralState,
  StoredDecision,
  StoredEvidence,
} from "../../store/history.ts";
import { formatDuration, SECOND } from "../../text/duration.ts";
import { type PageContext, Panel } from "../components/layout.tsx";
import { Text } from "../components/text.tsx";
import { Ago, At } from "../components/time.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import type { StatusService } from "../worker/status_service.ts";
import { DecisionBadge, Reason } from "./decisions.tsx";
import {
  ClientLink,
  EntryLinks,
  type MailRow,
  nameOf,
  RecipientLink,
  SenderLink,
} from "./mail_cells.tsx";
import { ReleaseButton, releaseFor } from "./waiting.tsx";

/** A message that was deferred, or one decision on a message that was not. */
interface Message {
  readonly deferral: Deferral | undefined;
  /** The oldest first. */
  readonly attempts: readonly StoredDecision[];
}

function tried({ tries, firstSeen, lastSeen }: Deferral): string {
  if (tries === 1) return "The server tried once";
  const time = lastSeen - firstSeen;
  return `The server tried ${tries} times in ${formatDuration(Math.max(time, SECOND))}`;
}

/** @param by of the decision; undefined if it has expired. */
function rejectionText({ endedBy }: Deferral, by: string | undefined): string {
  if (endedBy === "listed") return "Rejected at a retry: a DNS list names the client's address.";
  if (by === undefined) return "Rejected by the block list or by SPF.";
  return by === "spf_fail" ? "Rejected by SPF." : "Rejected by the block list.";
}

/** The state of a deferred message as one sentence. */
export function sentenceOf(
  deferral: Deferral,
  { now, state, by, isReleased }: {
    readonly now: number;
    readonly state: DeferralState;
    /** Of the newest decision; undefined if it has expired or names no rule. */
    readonly by?: string | undefined;
    readonly isReleased: boolean;
  },
): string {
  const { ended, endedBy, endedAtSite, firstSeen, acceptedFrom } = deferral;
  const isQuiet = state === "not-retried";
  if (state === "rejected") return rejectionText(deferral, by);
  if (ended !== undefined) {
    const where = endedAtSite === undefined ? "" : ` through ${endedAtSite}`;
    return endedBy === "retried"
      ? `Delivered${where} at a retry, ${
        formatDuration(Math.max(0, ended - firstSeen))
      } after the first attempt.`
      : `Delivered${where}. ${endedBy === undefined ? "" : REASON_TEXTS[endedBy]}`;
  }
  if (isReleased) {
    return isQuiet
      ? "Accepted as soon as it is sent again. Ask the sender to send it again."
      : "The next retry is accepted from any server.";
  }
  if (isQuiet) {
    return `${
      tried(deferral)
    } and gave up. Ask the sender to send it again, and accept that retry.`;
  }
  const left = acceptedFrom - now;
  return left > 0
    ? `${tried(deferral)}. A retry is accepted in ${formatDuration(left)}.`
    : `${tried(deferral)}. Its next retry is accepted.`;
}

function ExpectedRetry(
  { service, of, now }: { service: StatusService; of: Deferral; now: number },
): JSX.Element {
  const usual = service.queries.usualRetryDelay(of.senderDomain);
  if (usual === undefined) return <span hidden />;
  const expected = of.firstSeen + usual;
  return (
    <p class="muted">
      {`Mail of this sender domain is usually retried after ${formatDuration(usual)}`}
      {expected > now
        ? (
          <span>
            : expect it <Ago at={expected} now={now} />.
          </span>
        )
        : "."}
    </p>
  );
}

function Verdict(
  { page, service, message: { deferral, attempts } }: {
    page: PageContext;
    service: StatusService;
    message: Message;
  },
): JSX.Element {
  const { queries, settings } = service;
  if (deferral === undefined) {
    const { reason, by } = attempts.at(-1)!;
    return (
      <p class="status">
        {by === "spf_fail"
          ? "SPF does not authorise the client for the sender's domain."
          : REASON_TEXTS[reason]}
      </p>
    );
  }
  const release = releaseFor(deferral, queries.released(), settings);
  const state = queries.stateOf(deferral);
  const sentence = sentenceOf(deferral, {
    now: page.now,
    state,
    by: attempts.at(-1)?.by,
    isReleased: release !== undefined,
  });
  const mayRelease = deferral.ended === undefined && !settings.store.privacy;
  return (
    <>
      <p class="status">{sentence}</p>
      {state === "waiting" ? <ExpectedRetry service={service} of={deferral} now={page.now} /> : ""}
      {!mayRelease ? "" : (
        <div>
          <ReleaseButton page={page} of={deferral} release={release} style="primary" />
        </div>
      )}
    </>
  );
}

function Timeline(
  { page, attempts }: { page: PageContext; attempts: readonly StoredDecision[] },
): JSX.Element {
  if (attempts.length === 0) {
    return <p class="empty">The decisions on its attempts have expired.</p>;
  }
  return (
    <ol class="timeline">
      {attempts.map((one, at) => {
        const before = attempts[at - 1];
        return (
          <li class={one.shadow ?? one.decision}>
            <p>
              <At at={one.time} />
              {before === undefined
                ? ""
                : <span class="muted">{` ${formatDuration(one.time - before.time)} later`}</span>}
            </p>
            <p>
              <DecisionBadge of={one} /> <Reason page={page} of={one} />
            </p>
            {before?.clientAddress === one.clientAddress ? "" : (
              <p class="small muted from">
                from <ClientLink page={page} of={one} />
              </p>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Facts(
  { page, mail, helo }: { page: PageContext; mail: MailRow; helo: string },
): JSX.Element {
  const rows: readonly (readonly [name: string, value: Child])[] = [
    ["Sender", <SenderLink page={page} of={mail} />],
    ["Recipient", <RecipientLink page={page} of={mail} />],
    ["Client", <ClientLink page={page} of={mail} />],
    ["HELO", <Text of={helo} />],
    ["Network", <Text of={mail.network} />],
  ];
  return (
    <dl class="facts full">
      {rows.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

const SPEAKS = { for: "pass", against: "reject" } as const;

function Evidence({ terms }: { terms: StoredEvidence }): JSX.Element {
  return (
    <dl class="facts">
      {terms.map(({ what, found, speaks }) => (
        <>
          <dt>{what}</dt>
          <dd>
            <Text of={found} maxLength={300} /> {speaks === undefined
              ? ""
              : <span class={`badge ${SPEAKS[speaks]}`}>{`speaks ${speaks} it`}</span>}
          </dd>
        </>
      ))}
    </dl>
  );
}

/** The steps of `greylag explain` that are about the records. */
function Records({ steps }: { steps: readonly Step[] }): JSX.Element {
  return (
    <>
      <dl class="facts">
        {steps.map(({ what, found }) => (
          <>
            <dt>{what}</dt>
            <dd>
              <Text of={found} maxLength={300} />
            </dd>
          </>
        ))}
      </dl>
      <p class="small muted">
        <code>greylag explain</code> asks SPF and DNS lists as well.
      </p>
    </>
  );
}

function messageOf(context: AppContext, { queries }: StatusService, path: string): Message {
  const id = Number(context.req.param("id"));
  if (path === "/messages") {
    return { deferral: queries.deferral(id), attempts: queries.attempts(id) };
  }
  const decision = queries.decision(id);
  if (decision.deferral === undefined) return { deferral: undefined, attempts: [decision] };
  const attempts = queries.attempts(decision.deferral);
  return { deferral: queries.deferralIfStored(decision.deferral), attempts };
}

export function messagePage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
  path: "/messages" | "/decisions",
): Response {
  const message = messageOf(context, service, path);
  const { deferral, attempts } = message;
  const newest = attempts.at(-1);
  const mail = deferral ?? newest!;
  const source = deferral !== undefined ? `deferral=${deferral.id}` : `decision=${newest!.id}`;
  const evidence = service.queries.evidenceOf(mail, deferral?.evidence);
  const steps = service.queries.recordSteps(mail);
  const content = (
    <>
      <Panel id="verdict" title="Verdict">
        <Verdict page={page} service={service} message={message} />
      </Panel>
      <div class="columns">
        <Panel id="timeline" title="Timeline">
          <Timeline page={page} attempts={attempts} />
        </Panel>
        <Panel id="facts" title="Message">
          <Facts page={page} mail={mail} helo={mail.heloName} />
          {service.settings.store.privacy ? "" : (
            <div class="buttons">
              <EntryLinks page={page} source={source} of={mail} />
            </div>
          )}
        </Panel>
        <Panel id="evidence" title="Evidence">
          {evidence.length === 0
            ? <p class="empty">No evidence is stored.</p>
            : <Evidence terms={evidence} />}
        </Panel>
      </div>
      {steps.length === 0 ? "" : (
        <Panel id="records" title="Decision step by step, as of now">
          <Records steps={steps} />
        </Panel>
      )}
    </>
  );
  return answerPage(context, page, `Message of ${nameOf(mail)}`.slice(0, 120), content);
}
