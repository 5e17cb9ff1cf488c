/** Classification of verified host names: chosen by the owner of the host, or handed out by scheme. */
import type { IpAddress } from "./network.ts";
import { endsInTriple, showsAddress, showsMac, showsQuad } from "./address_in_name.ts";
import { type HostName, parseHostName, type Part, type Token } from "./name_tokens.ts";
import {
  ACCESS_ZONES,
  HOSTER_DOMAINS,
  HOSTER_ZONES,
  isAccessDomain,
  isAccessWord,
  isBelow,
  isMailService,
  isMailWord,
  isRangeWord,
  MACHINE_WORDS,
  NUMBERED_ACCESS_WORDS,
  NUMBERED_WORDS,
  PLACEHOLDER_COMPANIONS,
  PLACEHOLDER_WORDS,
  SERVER_WORDS,
} from "./name_words.ts";

/**
 * A `generic` name says nothing about who runs the host. A `weak` name is generic too, unless SPF
 * passes for a sender whose registrable domain is the one of the name.
 */
export type NameClass = "named" | "weak" | "generic";

export interface Classification {
  readonly class: NameClass;
  /** Id of the rule that matched; undefined for `named`. */
  readonly rule: string | undefined;
  /** The name says that its host sends mail: `mx1.example.org`, `relay-7.hoster.example`. */
  readonly isMailHost: boolean;
  /** The name says that its host is on a customer line of an access provider. */
  readonly isAccessLine: boolean;
}

type Example = readonly [name: string, address: string];

export interface NameRule {
  readonly id: string;
  /** A mail word in the name exempts it from `weak` rules, never from `generic` ones. */
  readonly class: "weak" | "generic";
  /** One sentence for an administrator. */
  readonly explanation: string;
  /** Names that the rule decides. */
  readonly examples: readonly Example[];
  /** Names that look similar and are left to other rules. */
  readonly counterexamples: readonly Example[];
  readonly matches: (host: HostName, address: IpAddress) => boolean;
}

function hasMailWord(host: HostName): boolean {
  return host.tokens.some((token) => token.value < 0 && isMailWord(token.text)) ||
    isMailService(host.name, host.domain);
}

function isNumberLabel(tokens: readonly Token[], label: number): boolean {
  let isNumber = false;
  for (const token of tokens) {
    if (token.label !== label) continue;
    if (token.value < 0) return false;
    isNumber = true;
  }
  return isNumber;
}

/** Whether a word shares its label with a number, or stands next to a label of numbers only. */
function hasNumbered(host: HostName, words: ReadonlySet<string>, minDigits = 1): boolean {
  if (!host.hasDigit) return false;
  const { tokens } = host;
  for (const { value, text, label } of tokens) {
    if (value >= 0 || !words.has(text)) continue;
    if (
      tokens.some((token) =>
        token.value >= 0 && token.label === label && token.text.length >= minDigits
      )
    ) return true;
    if (isNumberLabel(tokens, label - 1) || isNumberLabel(tokens, label + 1)) return true;
  }
  return false;
}

/** OVH registers a domain a network: `ip-51-68-1.eu`. */
function isNetworkDomain(domain: string): boolean {
  return domain.startsWith("ip-") && domain.length > 8 && domain.charCodeAt(3) <= 0x39;
}

/** `hosted-by`, or the size of a machine as in `ubuntu-2gb-nbg1-1`. */
function isHosterDefault(host: HostName): boolean {
  const { parts } = host;
  return parts.some(({ text, digits, label }, at) =>
    text === "hostedby" ||
    text === "by" && at > 0 && parts[at - 1]!.text === "hosted" && parts[at - 1]!.label === label ||
    digits > 0 && (text.length === digits + 2 && text.endsWith("gb") ||
        text.length === digits + 4 && text.endsWith("vcpu"))
  );
}

function isDigit(text: string): boolean {
  const code = text.charCodeAt(0);
  return code >= 0x30 && code <= 0x39;
}

/** Whether a part is a letter and eight hexadecimal digits, as a name of an IPv4 address is. */
function isLetterAndAddress({ text, digits }: Part): boolean {
  return text.length === 9 && digits >= 2 && /^[a-z][0-9a-f]{8}$/.test(text);
}

/** Whether a part is a code: `g12345`, `j6254`, `152stb52`, `h63n2fls34o847`, `i3ed6c0b2`. */
function hasSerial(host: HostName): boolean {
  if (!host.hasDigit) return false;
  const { text, digits, switches } = host.parts[0]!;
  return host.parts.some((part) =>
    part.label === 0 && part.digits >= 4 && part.digits === part.text.length - 1 &&
      part.switches === 1 || isLetterAndAddress(part)
  ) ||
    switches >= 2 && digits >= 3 && isDigit(text) ||
    host.tokens.some((token) => token.value >= 0 && token.text.length >= 6) ||
    host.parts.some((part) =>
      part.switches >= 5 || part.isHex && part.text.length >= 8 && part.switches >= 2
    );
}

/** Whether the name counts hosts only: a first label of digits, or many numbers. */
function isNumbering(host: HostName): boolean {
  let numbers = 0;
  let firstNumbers = 0;
  let firstWords = 0;
  for (const token of host.tokens) {
    if (token.value >= 0) numbers++;
    if (token.label > 0) continue;
    if (token.value >= 0) firstNumbers++;
    else firstWords++;
  }
  return numbers >= 4 || firstNumbers >= 4 || firstNumbers > 0 && firstWords === 0;
}

function isPlaceholder(host: HostName): boolean {
  const { domain, name, tokens } = host;
  if (name.endsWith(".arpa")) return true;
  if (name === domain) {
    const words = name.slice(0, name.indexOf(".")).split("-");
    return words.length > 1 &&
      words.every((word) => PLACEHOLDER_WORDS.has(word) || PLACEHOLDER_COMPANIONS.has(word));
  }
  return !host.hasDigit && tokens.some((token) => PLACEHOLDER_WORDS.has(token.text)) &&
    tokens.every((token) =>
      PLACEHOLDER_WORDS.has(token.text) || PLACEHOLDER_COMPANIONS.has(token.text)
    );
}

/** The rules in order: the first that matches decides, `generic` ones before `weak` ones. */
export const RULES: readonly NameRule[] = [
  {
    id: "hoster-zone",
    class: "generic",
    explanation: "The name is the default that a hoster gives to a customer's machine.",
    examples: [
      ["vmi123456.contaboserver.net", "173.212.200.7"],
      ["vps-1a2b3c4d.vps.ovh.net", "51.75.1.2"],
      ["ns3112345.ip-51-68-1.eu", "51.68.1.7"],
      ["ns312345.kimsufi.com", "91.121.1.2"],
      ["h2345678.stratoserver.net", "85.214.1.2"],
      ["ec2-3-120-1-2.eu-central-1.compute.amazonaws.com", "3.120.1.2"],
      ["2.1.120.34.bc.googleusercontent.com", "34.120.1.2"],
      ["static.7.1.9.5.clients.your-server.de", "5.9.1.7"],
      ["li123-45.members.linode.com", "66.228.1.45"],
      ["vps123456.ovh.net", "51.75.1.2"],
      ["hosted-by.example.net", "198.51.100.7"],
      ["hostedby.example.net", "198.51.100.7"],
      ["ivanov.fvds.ru", "62.109.1.2"],
      ["silver-fox.aeza.network", "45.142.1.2"],
      ["ubuntu-4gb-nbg1-1.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["mo301.mail-out.ovh.net", "178.32.228.79"],
      ["mail.your-server.de", "78.46.1.2"],
      ["mail.ip-projects.example", "198.51.100.7"],
      ["a29gb123.example.net", "198.51.100.7"],
    ],
    matches: (host) =>
      isBelow(host.name, HOSTER_ZONES) || isNetworkDomain(host.domain) || isHosterDefault(host) ||
      HOSTER_DOMAINS.has(host.domain) && (hasSerial(host) || showsQuad(host)) && !hasMailWord(host),
  },
  {
    id: "access-word",
    class: "generic",
    explanation: "A word of the name is one that access providers use for their customers' lines.",
    examples: [
      ["lfbn-mar-1-33-45.w86-212.abo.wanadoo.fr", "86.212.33.45"],
      ["mail.dsl.example.net", "198.51.100.7"],
      ["p5b0c1234.dip0.t-ipconnect.de", "91.12.18.52"],
      ["dslb-188-096-001-002.188.096.pools.example.net", "188.96.1.2"],
      ["ppp046177001002.access.hol.gr", "46.177.1.2"],
      ["a.b.pppool.de", "77.176.1.2"],
      ["mab2536d0.tmodns.net", "172.56.1.2"],
      ["ti0012a400-0123.bb.online.no", "88.88.1.2"],
      ["c-500-abc.bbcust.telenor.se", "85.224.1.2"],
    ],
    counterexamples: [
      ["mail.dsl.net", "198.51.100.7"],
      ["customs.example.org", "198.51.100.7"],
      ["dynamics.example.org", "198.51.100.7"],
    ],
    matches: (host) =>
      host.tokens.some((token) => token.value < 0 && isAccessWord(token.text)) ||
      isBelow(host.name, ACCESS_ZONES),
  },
  {
    id: "numbered-access-word",
    class: "generic",
    explanation: "A word that access providers use for lines stands beside a number.",
    examples: [
      ["1.33.212.86.rev.example.net", "86.212.33.1"],
      ["res-12.example.net", "198.51.100.7"],
      ["subs1234.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["rev.example.org", "198.51.100.7"],
      ["research1.example.org", "198.51.100.7"],
      ["review2.example.org", "198.51.100.7"],
      ["mail2.res.example.org", "198.51.100.7"],
    ],
    matches: (host) => hasNumbered(host, NUMBERED_ACCESS_WORDS),
  },
  {
    id: "mac-address",
    class: "generic",
    explanation: "The name contains a MAC address.",
    examples: [
      ["s0106001a2b3c4d5e.cg.example.net", "198.51.100.7"],
      ["h00c04f1a2b3c.example.net", "198.51.100.7"],
      ["00-1a-2b-3c-4d-5e.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["decade2025.example.org", "198.51.100.7"],
      ["mail-07bed427b9db.example.org", "198.51.100.7"],
    ],
    matches: (host) => host.hasDigit && showsMac(host),
  },
  {
    id: "placeholder",
    class: "generic",
    explanation: "The name stands for an address that has no name of its own.",
    examples: [
      ["static.vnpt.vn", "14.160.1.2"],
      ["no-rdns.example.net", "198.51.100.7"],
      ["ptr.example.net", "198.51.100.7"],
      ["no-reverse-dns-configured.com", "198.51.100.7"],
    ],
    counterexamples: [["reverse.example.org", "198.51.100.7"]],
    matches: isPlaceholder,
  },
  {
    id: "address",
    class: "weak",
    explanation: "The name contains the address of the client.",
    examples: [
      ["host-198-51-100-7.example.net", "198.51.100.7"],
      ["7.red-198-51-100.example.net", "198.51.100.7"],
      ["n198051100007.example.net", "198.51.100.7"],
      ["c6336407.example.net", "198.51.100.7"],
      ["c6-33-64-07.example.net", "198.51.100.7"],
      ["h100-7.example.net", "198.51.100.7"],
      ["x51-100-7.example.net", "198.51.100.7"],
      ["h3325256711.example.net", "198.51.100.7"],
      ["2001-db8-0-1--25.example.net", "2001:db8:0:1::25"],
      ["x-abcd-ef01.example.net", "2001:db8::1:abcd:ef01"],
      ["5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.a.b.net.example.net", "2001:db8:0:1::25"],
    ],
    counterexamples: [
      ["66-220-144-150.mail-mail.facebook.com", "66.220.144.150"],
      ["m69-130.mailgun.net", "166.78.69.130"],
      ["mx100.example.org", "198.51.100.7"],
      ["web7.example.org", "198.51.100.7"],
      ["a-0-0.example.org", "2001:db8::"],
    ],
    matches: showsAddress,
  },
  {
    id: "four-octets",
    class: "weak",
    explanation: "The name contains octets in sequence, as the name of an address does.",
    examples: [
      ["host-198-51-100-9.example.net", "203.0.113.1"],
      ["blk-222-21-34.example.net", "203.0.113.1"],
    ],
    counterexamples: [
      ["smtp-198-51-100-9.example.net", "203.0.113.1"],
      ["app-1-20-3.example.net", "203.0.113.1"],
    ],
    matches: (host) => showsQuad(host) || endsInTriple(host),
  },
  {
    id: "range-word",
    class: "weak",
    explanation: "The word pool, or static, marks a range of addresses.",
    examples: [
      ["pool3.example.net", "198.51.100.7"],
      ["a.static.example.net", "198.51.100.7"],
    ],
    counterexamples: [["mail-pool-3.bigcorp.example", "198.51.100.7"]],
    matches: (host) => host.tokens.some((token) => isRangeWord(token.text)),
  },
  {
    id: "access-domain",
    class: "weak",
    explanation: "The name has a number, and its domain is named after access lines.",
    examples: [["rrba-146-66.telkomadsl.co.za", "198.51.100.7"]],
    counterexamples: [
      ["mail2.telkomadsl.co.za", "198.51.100.7"],
      ["www.telkomadsl.co.za", "198.51.100.7"],
    ],
    matches: (host) => host.hasDigit && isAccessDomain(host.domain),
  },
  {
    id: "numbered-word",
    class: "weak",
    explanation: "A word for a customer or a rented machine stands beside a number.",
    examples: [
      ["line-12.example.net", "198.51.100.7"],
      ["user-77.example.net", "198.51.100.7"],
      ["vps4711.example.net", "198.51.100.7"],
      ["node1234.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["vps1.example.org", "198.51.100.7"],
      ["server321.example.org", "198.51.100.7"],
      ["smtp-client4.example.org", "198.51.100.7"],
    ],
    matches: (host) =>
      hasNumbered(host, NUMBERED_WORDS) || hasNumbered(host, MACHINE_WORDS, 3) ||
      hasNumbered(host, SERVER_WORDS, 4),
  },
  {
    id: "serial-number",
    class: "weak",
    explanation: "The name contains a serial number or a code.",
    examples: [
      ["g12345.upc-g.example.net", "198.51.100.7"],
      ["j6254.upc-j.example.net", "198.51.100.7"],
      ["a1b2c3d4.example.net", "198.51.100.7"],
      ["h63n2fls34o847.example.net", "198.51.100.7"],
      ["p76ed1234.example.net", "198.51.100.7"],
      ["auh-b12345.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["st11p00im-zteg10011401.me.com", "17.172.80.1"],
      ["mail12345.example.net", "198.51.100.7"],
      ["gator4123.example.net", "198.51.100.7"],
      ["sv12345.example.jp", "198.51.100.7"],
    ],
    matches: hasSerial,
  },
  {
    id: "numbering",
    class: "weak",
    explanation: "The name counts hosts: its first label is a number, or it has many numbers.",
    examples: [
      ["041.a.sop.example.net", "198.51.100.7"],
      ["u1-2-c3-4.example.net", "198.51.100.7"],
      ["h133.c72.b0.d5.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["20.mo12.mail-out.example.net", "198.51.100.7"],
      ["web12.dc3.example.net", "198.51.100.7"],
    ],
    matches: isNumbering,
  },
];

const ACCESS_RULES: ReadonlySet<string> = new Set([
  "access-word",
  "numbered-access-word",
  "mac-address",
  "access-domain",
]);

/** Classifies a verified name; any text is accepted, in either case. */
export function classifyName(name: string, address: IpAddress): Classification {
  const host = parseHostName(name);
  const isMailHost = hasMailWord(host);
  const rule = RULES.find((rule) =>
    !(isMailHost && rule.class === "weak") && rule.matches(host, address)
  );
  return {
    class: rule?.class ?? "named",
    rule: rule?.id,
    isMailHost,
    isAccessLine: rule !== undefined && ACCESS_RULES.has(rule.id),
  };
}
