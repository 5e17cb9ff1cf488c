/** Classification of verified host names: chosen by the owner of the host, or handed out by scheme. */
import type { IpAddress } from "./network.ts";
import { showsAddress, showsMac, showsQuad } from "./address_in_name.ts";
import { type HostName, parseHostName, type Token } from "./name_tokens.ts";

/**
 * A `generic` name says nothing about who runs the host. A `weak` name is generic too, unless SPF
 * passes for a sender whose registrable domain is the one of the name.
 */
export type NameClass = "named" | "weak" | "generic";

export interface Classification {
  readonly class: NameClass;
  /** Id of the rule that matched; absent for `named`. */
  readonly rule?: string;
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

function setOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}

const ACCESS_WORDS = setOf(
  `abo abonent abonne abonnement adsl cable cablelink cablemodem catv cdma cpc cpe cust customer
  customers dhcp dial dialin dialpool dialup dip docsis dsl dyn dynamic dynamicip dynip dynpool
  fttb fttc ftth fttp fttx gpon gprs guest hfc hotspot hsd hsdpa hsia hspa ipbf ipconnect ipngn
  ipoe lte mobile modem modemcable ppp pppoa pppoe pppool prepaid residential resnet sdsl umts vdsl
  wifi wimax wireless wlan xdsl`,
);

/** Words of access lines that are ordinary names without a number. */
const NUMBERED_ACCESS_WORDS = setOf(
  `bredband broadband cbl dorm kabel res rev subs subscr subscriber subscribers`,
);

/** Words that number customers or machines, and mailers now and then. */
const NUMBERED_WORDS = setOf(
  `abc bb client clients cm cmts dedi dedicated fiber fibra fibre home instance ip kund kunde kvm line
  nat pc reverse student students sub tel user users usr vds vm vps vserver`,
);

const SHARED_WORDS = setOf("modems pool pools static");

/** Words of names that stand for an address without a name, and their companions. */
const PLACEHOLDER_WORDS = setOf(
  `dynamic localhost no nodns noptr norevers noreverse not static unallocated unassigned undefined
  unknown unset unused`,
);
const PLACEHOLDER_COMPANIONS = setOf(
  "addr address configured dns host hostname ip name ptr rdns rev reverse set yet",
);

const MAIL_WORDS = setOf(
  `antispam bounce bounces bulk campaign delivery deliver edm esa exchange exim imap inbound
  incoming ironport list lists listserv mout newsletter newsletters notification notifications
  notify out outbound outbyoip outgoing outgw outrelay postfix postmaster relay relayout relays
  send sender sending sendout ses spamfilter zimbra`,
);

/** Mail services whose registrable domain has no mail word. */
const MAIL_DOMAINS = setOf(
  `acems1.com acems2.com acemsd1.com constantcontact.com createsend.com emsd1.com exacttarget.com
  icloud.com iphmx.com mandrillapp.com mcdlv.net mcsv.net me.com messagelabs.com mimecast.com
  pphosted.com responsys.net rnmk.com rsgsv.net`,
);

/** Zones in which a hoster names the machines of its customers. */
const HOSTER_ZONES = setOf(
  `bc.googleusercontent.com clients.your-server.de cloud.scaleway.com cloudapp.azure.com
  cloudapp.net compute-1.amazonaws.com compute.amazonaws.com compute.amazonaws.com.cn
  contaboserver.net hostwindsdns.com ip.linodeusercontent.com ip.secureserver.net kimsufi.com
  linodeusercontent.com members.linode.com onlinehome-server.com onlinehome-server.info
  onlinehome-server.net poneytelecom.eu scw.cloud serverprofi24.com startdedicated.com
  startdedicated.de startdedicated.net stratoserver.net vps.hosteurope.de vps.ovh.ca vps.ovh.net
  vps.ovh.us vs.sakura.ne.jp vultrusercontent.com your-cloud.host yourvserver.net`,
);

/** Domains that hosters share between numbered machines and names of their own. */
const HOSTER_DOMAINS = setOf(
  `bestsrv.de colocrossing.com hosteurope.de happysrv.de leaseweb.com leaseweb.net megasrv.de
  nicesrv.de online.net ovh.ca ovh.net ovh.us powersrv.de quadranet.com quicksrv.de supersrv.de
  ultrasrv.de vultr.com`,
);

/** Domains of access lines only. */
const ACCESS_ZONES = setOf("bbtec.net myvzw.com pppool.de t-ipconnect.de");

function isAccessWord(word: string): boolean {
  if (ACCESS_WORDS.has(word)) return true;
  if (word.length < 4) return false;
  return word.endsWith("dsl") || word.startsWith("dsl") || word.startsWith("adsl") ||
    word.startsWith("vdsl") || word.startsWith("xdsl") || word.startsWith("pppo") ||
    word.startsWith("ftth");
}

function isMailWord(word: string): boolean {
  if (word.length < 2) return false;
  return MAIL_WORDS.has(word) || word.includes("mail") || word.includes("smtp") ||
    word.length < 6 && word.startsWith("mx") ||
    word.length < 7 && (word.startsWith("mta") || word.endsWith("mta"));
}

/** Whether the registrable domain is one of a mail service: `mailgun.net`, `sendgrid.net`. */
function isMailDomain(domain: string): boolean {
  const dot = domain.indexOf(".");
  const label = dot < 0 ? domain : domain.slice(0, dot);
  return label.includes("mail") || label.includes("smtp") || label.startsWith("send") ||
    MAIL_DOMAINS.has(domain);
}

function hasMailWord(host: HostName): boolean {
  return host.tokens.some((token) => token.value < 0 && isMailWord(token.text)) ||
    isMailDomain(host.domain);
}

function isBelow(name: string, zones: ReadonlySet<string>): boolean {
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    if (zones.has(name.slice(dot + 1))) return true;
  }
  return false;
}

/** Whether a token is a number of the same label, or a neighbouring label of numbers only. */
function isNumberBeside(tokens: readonly Token[], at: number, label: number): boolean {
  const token = tokens[at];
  if (token === undefined || token.value < 0) return false;
  return token.label === label ||
    tokens.every((other) => other.label !== token.label || other.value >= 0);
}

function hasNumbered(host: HostName, words: ReadonlySet<string>): boolean {
  if (!host.hasDigit) return false;
  const { tokens } = host;
  return tokens.some((token, at) =>
    token.value < 0 && words.has(token.text) &&
    (isNumberBeside(tokens, at - 1, token.label) || isNumberBeside(tokens, at + 1, token.label))
  );
}

/** OVH registers a domain a network: `ip-51-68-1.eu`. */
function isNetworkDomain(domain: string): boolean {
  return domain.startsWith("ip-") && domain.length > 8 && domain.charCodeAt(3) <= 0x39;
}

/** `hosted-by`, or the size of a machine as in `ubuntu-2gb-nbg1-1`. */
function isHosterDefault(host: HostName): boolean {
  const { tokens } = host;
  return tokens.some((token, at) => {
    const before = tokens[at - 1];
    if (before === undefined || before.label !== token.label) return false;
    if (token.text === "by") return before.text === "hosted";
    return before.value > 0 && (token.text === "vcpu" || token.text === "gb");
  });
}

function hasSerial(host: HostName): boolean {
  return host.tokens.some((token) => token.value >= 0 && token.text.length >= 5) ||
    host.parts.some((part) => part.isHex && part.text.length >= 8 && part.switches >= 2);
}

function isPlaceholder(host: HostName): boolean {
  const { tokens } = host;
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
      ["ubuntu-4gb-nbg1-1.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["mo301.mail-out.ovh.net", "178.32.228.79"],
      ["mail.your-server.de", "78.46.1.2"],
      ["mail.ip-projects.example", "198.51.100.7"],
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
    ],
    counterexamples: [
      ["mail.dsl.net", "198.51.100.7"],
      ["customs.example.org", "198.51.100.7"],
      ["dynamics.example.org", "198.51.100.7"],
    ],
    matches: (host) =>
      host.tokens.some((token) => token.value < 0 && isAccessWord(token.text)) ||
      ACCESS_ZONES.has(host.domain),
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
    counterexamples: [["decade2025.example.org", "198.51.100.7"]],
    matches: (host) => host.hasDigit && showsMac(host),
  },
  {
    id: "placeholder",
    class: "generic",
    explanation: "The name stands for an address that has no name of its own.",
    examples: [
      ["static.vnpt.vn", "14.160.1.2"],
      ["no-rdns.example.net", "198.51.100.7"],
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
    explanation: "The name contains four octets in sequence, as the name of an address does.",
    examples: [["host-198-51-100-9.example.net", "203.0.113.1"]],
    counterexamples: [["smtp-198-51-100-9.example.net", "203.0.113.1"]],
    matches: showsQuad,
  },
  {
    id: "shared-word",
    class: "weak",
    explanation: "The word pool, or static, marks a range of addresses.",
    examples: [
      ["pool3.example.net", "198.51.100.7"],
      ["a.static.example.net", "198.51.100.7"],
    ],
    counterexamples: [["mail-pool-3.bigcorp.example", "198.51.100.7"]],
    matches: (host) => host.tokens.some((token) => SHARED_WORDS.has(token.text)),
  },
  {
    id: "numbered-word",
    class: "weak",
    explanation: "A word for a customer or a rented machine stands beside a number.",
    examples: [
      ["cm12.example.net", "198.51.100.7"],
      ["user-77.example.net", "198.51.100.7"],
      ["vps4711.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["vps.example.org", "198.51.100.7"],
      ["smtp-client4.example.org", "198.51.100.7"],
    ],
    matches: (host) => hasNumbered(host, NUMBERED_WORDS),
  },
  {
    id: "serial-number",
    class: "weak",
    explanation: "The name contains a long serial number.",
    examples: [
      ["g12345.upc-g.example.net", "198.51.100.7"],
      ["a1b2c3d4.example.net", "198.51.100.7"],
    ],
    counterexamples: [
      ["st11p00im-zteg10011401.me.com", "17.172.80.1"],
      ["mail12345.example.net", "198.51.100.7"],
      ["gator4123.example.net", "198.51.100.7"],
    ],
    matches: (host) => host.hasDigit && hasSerial(host),
  },
];

/** Classifies a verified name; any text is accepted, in either case. */
export function classifyName(name: string, address: IpAddress): Classification {
  const host = parseHostName(name);
  let isMailer: boolean | undefined;
  for (const rule of RULES) {
    if (rule.class === "weak") {
      isMailer ??= hasMailWord(host);
      if (isMailer) break;
    }
    if (rule.matches(host, address)) return { class: rule.class, rule: rule.id };
  }
  return { class: "named" };
}
