import { daemonSettings } from "../config/module_settings.ts";
import { parseServer } from "../dns/transport.ts";
import { DnsResolver } from "../dns/resolver.ts";
import { wellKnownVia } from "../lists/builtin.ts";
import { parseAddress } from "../net/network.ts";
import {
  checkHost,
  type Resolver,
  type SpfAnswer,
  type SpfResult,
  type SpfStep,
  TemporaryDnsError,
} from "../spf/check_host.ts";
import { PassJudge, type PassJudgement } from "../spf/judge.ts";
import { DATABASE_OPTIONS, parseInvocation, textOf } from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Output, Style } from "./output.ts";
import { type Option, refuseRest, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  { name: "ip", placeholder: "ADDRESS", help: "IP address of the client." },
  { name: "helo", placeholder: "NAME", help: "HELO name of the client." },
  { name: "sender", placeholder: "ADDRESS", help: "Envelope sender; <> is the null sender." },
  { name: "dns", placeholder: "SERVER", help: "DNS server: HOST or HOST:PORT." },
];

/** 1 and 2 keep their meaning: failure and wrong usage. */
const EXIT_CODES: Readonly<Record<SpfResult, number>> = {
  pass: 0,
  none: 3,
  neutral: 4,
  softfail: 5,
  fail: 6,
  temperror: 7,
  permerror: 8,
};

const COLOURS: Readonly<Record<SpfResult, Style>> = {
  pass: "green",
  none: "yellow",
  neutral: "yellow",
  softfail: "yellow",
  fail: "red",
  temperror: "red",
  permerror: "red",
};

interface Evaluation {
  readonly answer: SpfAnswer;
  readonly steps: readonly SpfStep[];
  /** Of a pass. */
  readonly judgement?: PassJudgement;
}

async function evaluate(
  question: { readonly ip: string; readonly helo: string; readonly sender: string },
  resolver: Resolver,
  breadth: { readonly ipv4: number; readonly ipv6: number },
  receiver: string,
): Promise<Evaluation> {
  const steps: SpfStep[] = [];
  const trace = (step: SpfStep) => steps.push(step);
  const answer = await checkHost({ ...question, resolver, receiver, trace });
  if (answer.result !== "pass") return { answer, steps };
  const judge = new PassJudge(breadth, wellKnownVia);
  try {
    const judgement = await judge.judge(answer, { ...question, resolver });
    return { answer, steps, judgement };
  } catch (error) {
    if (!(error instanceof TemporaryDnsError)) throw error;
    return { answer, steps, judgement: { identifies: false, isNarrow: false, why: error.message } };
  }
}

function show({ answer, steps, judgement }: Evaluation, output: Output): void {
  for (const { depth, domain, term, found } of steps) {
    const indent = "  ".repeat(depth);
    output.print(term === undefined ? `${indent}${domain}: ` : `${indent}  ${term}: `);
    output.print(`${found}\n`);
  }
  const { result, mechanism, domain, explanation, lookups, error } = answer;
  output.print(result, COLOURS[result]);
  output.print(
    ` for ${domain === "" ? "no domain" : domain}` +
      (mechanism === undefined ? "" : ` by ${mechanism}`) +
      `, ${lookups} of 10 DNS lookups\n`,
  );
  if (error !== undefined) output.print(`error: ${error}\n`);
  if (explanation !== undefined) output.print(`explanation: ${explanation}\n`);
  const { why, via, wellKnown } = judgement ?? {};
  if (via !== undefined) {
    output.print(`the record of ${via} names the client`);
    output.print(wellKnown === undefined ? "\n" : ", a well-known sender\n");
  }
  if (why !== undefined) output.print(`this pass does not count: ${why}\n`);
}

export const spf: Command = {
  name: "spf",
  summary: "evaluate SPF term by term",
  usage: "--ip ADDRESS --helo NAME --sender ADDRESS [--dns SERVER]",
  description: [
    "Needs no database and no daemon. Shows the result of each term of each record (RFC 7208), and " +
    "whether a pass counts. It does not if the record authorises every address or a wider network " +
    "than spf_widest_ipv4 and spf_widest_ipv6, depends on the client or the local part (macros), or " +
    "on the client's reverse DNS (ptr).",
    "Exit codes: 0 pass, 3 none, 4 neutral, 5 softfail, 6 fail, 7 temperror, 8 permerror.",
  ],
  options: [...DATABASE_OPTIONS.filter(({ name }) => name !== "database"), ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    refuseRest(invocation.rest);
    const ip = textOf(invocation, "ip");
    if (ip === undefined) throw new UsageError("--ip is missing");
    if (parseAddress(ip) === undefined) throw new UsageError(`--ip: "${ip}" is not an IP address`);
    const given = textOf(invocation, "sender");
    const helo = textOf(invocation, "helo") ?? "";
    if (given === undefined && helo === "") throw new UsageError("--sender is missing");
    const dns = textOf(invocation, "dns");
    const server = dns === undefined ? undefined : parseServer(dns);
    if (dns !== undefined && server === undefined) {
      throw new UsageError(
        `--dns must be an address with an optional port, such as 192.0.2.53 or 127.0.0.1:5353, not "${dns}"`,
      );
    }
    const settings = daemonSettings(invocation.configuration.values);
    const resolver = new DnsResolver({
      ...settings.resolver,
      ...(server === undefined ? {} : { servers: [server] }),
    });
    const sender = given === undefined || given === "<>" ? "" : given;
    const { breadth, receiver } = settings.evidence;
    const evaluation = await evaluate({ ip, helo, sender }, resolver, breadth, receiver);
    const { answer, steps, judgement } = evaluation;
    if (invocation.json) {
      const { path: _path, ...rest } = answer;
      const { why: weakness = null, via = null } = judgement ?? {};
      output.print(`${JSON.stringify({ ...rest, weakness, via, steps }, null, 2)}\n`);
    } else {
      show(evaluation, output);
    }
    return EXIT_CODES[answer.result];
  },
};
