import { daemonSettings } from "../config/settings.ts";
import { DnsResolver } from "../dns/resolver.ts";
import { keysOf, makeAttempt, type Subject, subjectOf } from "../greylist/attempt.ts";
import { decide, precheck } from "../greylist/decide.ts";
import { NO_EVIDENCE } from "../greylist/evidence.ts";
import { WorkingMemory } from "../greylist/memory.ts";
import type { Rules } from "../greylist/rules.ts";
import { REASON_TEXTS, type Verdict } from "../greylist/model.ts";
import { wellKnownVia } from "../lists/builtin.ts";
import { isGenericName } from "../net/hostname.ts";
import { formatAddress, parseAddress } from "../net/network.ts";
import { ListAuthorisation } from "../evidence/list_authorisation.ts";
import { EvidenceService, type Report } from "../evidence/service.ts";
import { describeRule, listingOf, Lists } from "../daemon/lists.ts";
import type { Recalled } from "../store/store.ts";
import { formatDuration, SECOND } from "../text/duration.ts";
import { DATABASE_OPTIONS, parseInvocation, textOf, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Style } from "./output.ts";
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

interface Step {
  readonly what: string;
  readonly found: string;
}

function rememberedSteps(subject: Subject, recalled: Recalled, rules: Rules, now: number): Step[] {
  return subject.origins.map(({ name }, at) => {
    const triplet = recalled.triplets.get(subject.triplets[at]!.id);
    const origin = recalled.origins.get(name);
    const ago = (time: number) => `${formatDuration(now - time)} ago`;
    const tried = triplet === undefined
      ? "never tried"
      : triplet.passed === undefined
      ? `pending, first tried ${ago(triplet.firstSeen)}, deferred ${triplet.tries} ${
        triplet.tries === 1 ? "time" : "times"
      }`
      : `known since ${ago(triplet.passed)}, last used ${ago(triplet.lastSeen)}`;
    const threshold = rules.autoWhitelistClients;
    const earned = origin === undefined
      ? "no deliveries counted"
      : `${origin.deliveries} of ${threshold} deliveries counted, the last ${ago(origin.lastSeen)}`;
    return { what: name, found: `${tried}; ${earned}` };
  });
}

function evidenceSteps({ spf, weakness, weighed, suspicionScore }: Report, rules: Rules): Step[] {
  const steps: Step[] = [];
  if (rules.spf !== "off") {
    const by = spf?.mechanism === undefined ? "" : ` by ${spf.mechanism}`;
    const found = spf === undefined ? "no answer in time" : `${spf.result}${by} for ${spf.domain}` +
      (spf.error === undefined ? "" : `: ${spf.error}`) +
      (weakness === undefined ? "" : `, which does not count: ${weakness}`);
    steps.push({ what: "SPF", found });
  }
  if (rules.mode === "suspicious") {
    const sum = weighed.map(({ what, weight }) => `${what} ${weight}`).join(" + ");
    const found = `${sum === "" ? "no signals" : `${sum} = ${suspicionScore}`}, ` +
      `threshold ${rules.suspicionThreshold}`;
    steps.push({ what: "suspicion", found });
  }
  return steps;
}

const COLOURS: Readonly<Record<Verdict["decision"], Style>> = {
  pass: "green",
  defer: "yellow",
  reject: "red",
};

function correspondentSteps(subject: Subject, recalled: Recalled, now: number): Step[] {
  const origin = subject.correspondent?.origin;
  const record = origin === undefined ? undefined : recalled.origins.get(origin);
  return record === undefined ? [] : [{
    what: "correspondent",
    found: `your users wrote to ${subject.senderDomain} ${
      formatDuration(now - record.lastSeen)
    } ago`,
  }];
}

function verdictText(verdict: Verdict): string {
  const decision = verdict.shadow === undefined
    ? verdict.decision
    : `pass (shadow mode; otherwise ${verdict.shadow})`;
  const wait = verdict.wait === undefined ? "" : `, ${Math.ceil(verdict.wait / SECOND)}s to wait`;
  return `${decision}, ${verdict.reason}${wait}. ${REASON_TEXTS[verdict.reason]}`;
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

export const explain: Command = {
  name: "explain",
  summary: "show the decision on a delivery, step by step",
  usage: "--client ADDRESS [--name NAME] --sender ADDRESS --recipient ADDRESS",
  description: [
    "Nothing is stored or counted. Precedence: authenticated users, loopback and trusted_networks; " +
    "lists (the most specific entry decides, block overrides allow); opt_in and opt_out; " +
    "auto-whitelisted origins, released pairs and correspondents; known and pending triplets; SPF " +
    "and, in mode suspicious, the suspicion score.",
    "DNS is queried as for a real request.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    refuseRest(invocation.rest);
    const client = required("client", textOf(invocation, "client"));
    const address = parseAddress(client);
    if (address === undefined) throw new UsageError(`--client: "${client}" is not an IP address`);
    const given = required("sender", textOf(invocation, "sender"));
    const settings = daemonSettings(invocation.configuration.values);
    const { rules } = settings.engine;
    const attempt = makeAttempt({
      stage: "RCPT",
      authenticated: false,
      address,
      clientName: textOf(invocation, "name") ?? "unknown",
      heloName: textOf(invocation, "helo") ?? "",
      sender: given === "<>" ? "" : given,
      recipient: required("recipient", textOf(invocation, "recipient")),
      instance: "",
    });
    const resolver = new DnsResolver(settings.resolver);
    const service = new EvidenceService(
      resolver,
      settings.evidence,
      {
        listDisabled: (zone, why) =>
          output.complain(`greylag: DNS list ${zone} is skipped: ${why}\n`),
        dropped: () => {},
      },
      settings.lists.builtinList ? wellKnownVia : undefined,
    );
    const report = service.isActive ? await service.gather(attempt) : undefined;
    const subject = subjectOf(attempt, rules, report ?? NO_EVIDENCE);
    const now = Date.now();
    const { steps, verdict } = await withStore(invocation.configuration, async (store) => {
      const problems: Step[] = [];
      const lists = new Lists(store.lists, settings.lists, (event) => {
        const found = event.kind === "list-failed"
          ? [`cannot read ${event.path}`]
          : event.errors.map(({ line, why }) => `${event.path}:${line}: ${why}`);
        problems.push(...found.map((text) => ({ what: "list file", found: text })));
      });
      lists.refresh();
      const authorisation = new ListAuthorisation(resolver, settings.evidence.dnsWait);
      const authorisedBy = await authorisation.lookUp(address, lists.spfDomains);
      const finding = lists.find({ ...attempt, authorisedBy }, now);
      const { decisive, alwaysGreylist, optedIn } = finding;
      const released = lists.released(subject.sender, subject.recipient, now);
      const listing = listingOf(finding, released);
      let recalled: Recalled = { triplets: new Map(), origins: new Map() };
      store.greylist.exchange(keysOf(subject), (found) => {
        recalled = found;
        return [];
      });
      const memory = new WorkingMemory(recalled.triplets, recalled.origins);
      const about = { attempt, listing, subject, evidence: report ?? NO_EVIDENCE };
      const decision = decide(about, memory, rules, now);
      const isGeneric = attempt.name !== undefined && isGenericName(attempt.name, address);
      const found: Step[] = [
        {
          what: "client",
          found: `${formatAddress(address)}, ` +
            (attempt.name === undefined
              ? "no verified name"
              : `${attempt.name}${isGeneric ? ", a generic name" : ""}`),
        },
        { what: "sender", found: `compared as ${subject.sender === "" ? "<>" : subject.sender}` },
        { what: "recipient", found: `compared as ${subject.recipient}` },
        ...problems,
        {
          what: "lists",
          found: decisive === undefined
            ? "no entry matches"
            : `${listing.decisive}, ${decisive.level}: ${describeRule(decisive.rule)}`,
        },
        ...(alwaysGreylist === undefined
          ? []
          : [{ what: "always-greylist", found: describeRule(alwaysGreylist.rule) }]),
        ...(released === undefined ? [] : [{
          what: "released",
          found: `entry ${released.id} (${released.pattern})`,
        }]),
        ...(optedIn ? [] : [{ what: "opt-in", found: "no greylisting for this recipient" }]),
        ...(report === undefined ? [] : evidenceSteps(report, rules)),
        ...(precheck(attempt, rules, listing) === undefined
          ? [
            ...rememberedSteps(subject, recalled, rules, now),
            ...correspondentSteps(subject, recalled, now),
          ]
          : []),
      ];
      return { steps: found, verdict: decision.verdict };
    });
    if (invocation.json) {
      output.print(`${JSON.stringify({ verdict, steps }, null, 2)}\n`);
      return 0;
    }
    const width = Math.max(...steps.map(({ what }) => what.length), "verdict".length);
    for (const { what, found } of steps) output.print(`${what.padEnd(width)}  ${found}\n`);
    output.print(`${"verdict".padEnd(width)}  `);
    output.print(`${verdictText(verdict)}\n`, COLOURS[verdict.decision]);
    return 0;
  },
};
