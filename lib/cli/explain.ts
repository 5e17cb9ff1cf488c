import { adviceOn } from "../admin/advice.ts";
import {
  envelopeSteps,
  evidenceSteps,
  modeStep,
  recordSteps,
  type Step,
} from "../admin/explanation.ts";
import { daemonSettings } from "../config/module_settings.ts";
import type { DaemonSettings } from "../daemon/lifecycle.ts";
import { describeRule, listingOf, Lists } from "../daemon/lists.ts";
import { DnsLists } from "../dns/dnsbl.ts";
import { DnsResolver } from "../dns/resolver.ts";
import { ListAuthorisation } from "../evidence/list_authorisation.ts";
import { EvidenceService } from "../evidence/service.ts";
import { type Attempt, makeAttempt } from "../greylist/attempt.ts";
import { contextOf, decide, precheck } from "../greylist/decide.ts";
import { WorkingMemory } from "../greylist/memory.ts";
import { REASON_TEXTS, type Verdict } from "../greylist/model.ts";
import { parseAddress } from "../net/network.ts";
import type { Store, StoredEntry } from "../store/store.ts";
import { SECOND } from "../text/duration.ts";
import {
  DATABASE_OPTIONS,
  type Invocation,
  parseInvocation,
  textOf,
  withStore,
} from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Output, Style } from "./output.ts";
import { type Option, refuseRest, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  { name: "client", placeholder: "ADDRESS", help: "IP address of the client." },
  {
    name: "name",
    placeholder: "NAME",
    help: "Verified host name of the client (client_name in the log).",
  },
  { name: "helo", placeholder: "NAME", help: "HELO name of the client." },
  { name: "sender", placeholder: "ADDRESS", help: "Envelope sender; <> is the null sender." },
  { name: "recipient", placeholder: "ADDRESS", help: "Envelope recipient." },
];

const COLOURS: Readonly<Record<Verdict["decision"], Style>> = {
  pass: "green",
  defer: "yellow",
  reject: "red",
};

interface Explanation {
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
  /** Conditions under which the verdict would change, as sentences. */
  readonly advice: readonly string[];
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

function attemptOf(invocation: Invocation): Attempt {
  const client = required("client", textOf(invocation, "client"));
  const address = parseAddress(client);
  if (address === undefined) throw new UsageError(`--client: "${client}" is not an IP address`);
  const given = required("sender", textOf(invocation, "sender"));
  return makeAttempt({
    stage: given === "<>" && invocation.configuration.values.null_sender === "data"
      ? "DATA"
      : "RCPT",
    authenticated: false,
    address,
    clientName: textOf(invocation, "name") ?? "unknown",
    heloName: textOf(invocation, "helo") ?? "",
    sender: given === "<>" ? "" : given,
    recipient: required("recipient", textOf(invocation, "recipient")),
    instance: "",
  }, invocation.configuration.values.recipient_delimiter);
}

async function explainAttempt(
  attempt: Attempt,
  settings: DaemonSettings,
  store: Store,
): Promise<Explanation> {
  const { rules } = settings.engine;
  const { evidence: evidenceSettings } = settings;
  const resolver = new DnsResolver(settings.resolver);
  const problems: Step[] = [];
  const lists = new Lists(store.lists, settings.lists, (event) => {
    const found = event.kind === "list-failed"
      ? [`cannot read ${event.path}`]
      : event.errors.map(({ line, why }) => `${event.path}:${line}: ${why}`);
    problems.push(...found.map((text) => ({ what: "list file", found: text })));
  });
  lists.refresh();
  const service = new EvidenceService(
    resolver,
    evidenceSettings,
    { listState: () => {}, dropped: () => {} },
    (domain) => lists.wellKnownVia(domain),
  );
  const dnsLists = new DnsLists(evidenceSettings.dnsLists, resolver, () => {});
  const authorisation = new ListAuthorisation(resolver, evidenceSettings.dnsWait);
  const [report, answers, authorisedBy] = await Promise.all([
    service.gather(attempt),
    dnsLists.askEach(attempt.address, AbortSignal.timeout(Math.max(1, evidenceSettings.dnsWait))),
    authorisation.lookUp(attempt.ip, lists.spfDomainsFor(attempt)),
  ]);
  service.stop();

  const now = Date.now();
  const finding = lists.find({ ...attempt, authorisedBy }, now);
  const { sender, recipient } = attempt.relationKeys[0]!;
  const released = lists.released(sender, recipient, now);
  const listing = listingOf(finding, released);
  const about = { attempt, listing, evidence: report, listsAreFresh: true };
  const { decisive } = finding;
  let explanation: Explanation | undefined;
  store.greylist.exchange((stored) => {
    const memory = new WorkingMemory(stored);
    const context = contextOf(about, memory, rules, now);
    const checked = precheck(attempt, rules, listing);
    const decision = decide(about, memory, rules, now);
    if ("ask" in decision) throw new Error(`the decision asks for ${decision.ask}`);
    const verdict = checked ?? decision.verdict;
    const by = decisive !== undefined && checked !== undefined
      ? describeRule(decisive.rule)
      : released === undefined
      ? undefined
      : `entry ${released.id}`;
    explanation = {
      verdict,
      steps: [
        ...envelopeSteps(attempt),
        ...problems,
        ...listSteps(finding, listing.decisive, released),
        modeStep(rules, report),
        ...evidenceSteps(report, rules, answers, dnsLists.health),
        ...(checked === undefined ? recordSteps(context) : []),
      ],
      advice: adviceOn(verdict, context, by),
    };
    return [];
  });
  return explanation!;
}

function listSteps(
  { decisive, alwaysGreylist, optedIn }: ReturnType<Lists["find"]>,
  decision: "allow" | "block" | undefined,
  released: StoredEntry | undefined,
): Step[] {
  const found = decisive === undefined
    ? "no entry matches"
    : `${decision}, ${decisive.level}: ${describeRule(decisive.rule)}`;
  return [
    { what: "lists", found },
    ...(alwaysGreylist === undefined
      ? []
      : [{ what: "always-greylist", found: describeRule(alwaysGreylist.rule) }]),
    ...(released === undefined
      ? []
      : [{ what: "released", found: `entry ${released.id} (${released.pattern})` }]),
    ...(optedIn ? [] : [{ what: "opt-in", found: "no greylisting for this recipient" }]),
  ];
}

function verdictText(verdict: Verdict): string {
  const decision = verdict.shadow === undefined
    ? verdict.decision
    : `pass (shadow mode; otherwise ${verdict.shadow})`;
  const wait = verdict.wait === undefined ? "" : `, ${Math.ceil(verdict.wait / SECOND)}s to wait`;
  const by = verdict.by === undefined ? "" : ` by ${verdict.by}`;
  return `${decision}, ${verdict.reason}${by}${wait}. ${REASON_TEXTS[verdict.reason]}`;
}

function verdictAsJson({ decision, reason, shadow, origin, by, wait, delayed }: Verdict) {
  return {
    decision,
    reason,
    shadow: shadow ?? null,
    origin: origin ?? null,
    by: by ?? null,
    wait_seconds: wait === undefined ? null : Math.ceil(wait / SECOND),
    delay_seconds: delayed === undefined ? null : Math.floor(delayed / SECOND),
  };
}

function show({ verdict, steps, advice }: Explanation, output: Output): void {
  const width = Math.max(...steps.map(({ what }) => what.length), "verdict".length);
  for (const { what, found } of steps) output.print(`${what.padEnd(width)}  ${found}\n`);
  output.print(`${"verdict".padEnd(width)}  `);
  output.print(`${verdictText(verdict)}\n`, COLOURS[verdict.decision]);
  for (const sentence of advice) output.print(`${"".padEnd(width)}  ${sentence}\n`);
}

export const explain: Command = {
  name: "explain",
  summary: "show the decision on a delivery, step by step",
  usage: "--client ADDRESS [--name NAME] --sender ADDRESS --recipient ADDRESS",
  description: [
    "Nothing is stored or counted. Precedence: authenticated users, loopback and trusted_networks; " +
    "lists (the most specific entry decides, block overrides allow); opt_in and opt_out; traps; known " +
    "senders; released pairs; retries; correspondents and auto-whitelisted origins; SPF, DNS lists and " +
    "the suspicion score.",
    "Shows each rule with its result, and what would change the verdict. DNS is queried as for a real " +
    "request.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    refuseRest(invocation.rest);
    const attempt = attemptOf(invocation);
    const settings = daemonSettings(invocation.configuration.values);
    const explanation = await withStore(
      invocation.configuration,
      (store) => explainAttempt(attempt, settings, store),
    );
    if (invocation.json) {
      const { verdict, steps, advice } = explanation;
      const json = { verdict: verdictAsJson(verdict), steps, advice };
      output.print(`${JSON.stringify(json, null, 2)}\n`);
    } else {
      show(explanation, output);
    }
    return 0;
  },
};
