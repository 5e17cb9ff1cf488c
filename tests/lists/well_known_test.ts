import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { WELL_KNOWN } from "../../lib/lists/well_known.ts";
import { type BuiltinEntry, builtinRules, entriesOf } from "../../lib/lists/builtin.ts";
import { fixedSuffix } from "../../lib/lists/glob.ts";
import { Matcher } from "../../lib/lists/matcher.ts";
import { registrableDomain } from "../../lib/net/hostname.ts";
import { parseAddress } from "../../lib/net/network.ts";

const ENTRIES = entriesOf(WELL_KNOWN);

/** The lookup of the entry for a verified name. */
function hostsOf(entries: readonly BuiltinEntry[]): (name: string) => BuiltinEntry | undefined {
  const matcher = new Matcher(builtinRules(entries), "+");
  return (name) =>
    matcher.find({
      address: parseAddress("192.0.2.10")!,
      name,
      organisation: undefined,
      sender: "",
      recipient: "bob@example.net",
    }, 0).decisive?.rule.builtin;
}

const findHost = hostsOf(ENTRIES);
const HOST_ROWS = Object.values(WELL_KNOWN.hosts).flat();

/** Domains in which every name is a customer's. No pattern may lie above or below them. */
const CUSTOMER_DOMAINS = [
  "abo.wanadoo.fr",
  "amazonaws.com",
  "azure.com",
  "cloudapp.net",
  "cloud-ips.com",
  "comcast.net",
  "contaboserver.net",
  "dip0.t-ipconnect.de",
  "fbx.proxad.net",
  "googlefiber.net",
  "googleusercontent.com",
  "hd.free.fr",
  "hstgr.cloud",
  "linodeusercontent.com",
  "myqcloud.com",
  "onlinehome-server.info",
  "poneytelecom.eu",
  "secureserver.net",
  "stratoserver.net",
  "vps.ovh.net",
  "vultrusercontent.com",
  "your-server.de",
];

/**
 * Domains in which the provider's mailers stand beside customers' hosts, other servers or desks. A
 * pattern below one has to name the mailers: by a label or by enough letters beside its `*`.
 */
const MIXED_DOMAINS = [
  "apple.com",
  "debian.org",
  "discord.com",
  "ebay.com",
  "facebook.com",
  "free.fr",
  "gandi.net",
  "github.com",
  "gitlab.com",
  "gmx.com",
  "gmx.net",
  "google.com",
  "infomaniak.ch",
  "kernel.org",
  "kundenserver.de",
  "linkedin.com",
  "mail.com",
  "mail.ru",
  "naver.com",
  "orange.fr",
  "outlook.com",
  "ovh.net",
  "paypal.com",
  "perfora.net",
  "postgresql.org",
  "qq.com",
  "rzone.de",
  "salesforce.com",
  "steampowered.com",
  "t-online.de",
  "trendmicro.com",
  "twitter.com",
  "web.de",
  "yahoo.com",
  "yandex.net",
  "zoho.com",
];

/** Names of customers, access lines, desks and other servers of listed providers; lookalikes. */
const OTHER_HOSTS = [
  "2a01cb058918ce00dd1a5a4f9908f2d5.ipv6.abo.wanadoo.fr",
  "lfbn-tou-1-1535-bdcst.w90-89.abo.wanadoo.fr",
  "82-66-171-16.fbx.proxad.net",
  "diablo.hd.free.fr",
  "smtp1-g21.hd.free.fr",
  "evil.smtp1-g21.free.fr",
  "p4fdb1234.dip0.t-ipconnect.de",
  "vps-d0669a91.vps.ovh.net",
  "ns3012345.ip-51-255-46.eu",
  "infong1.kundenserver.de",
  "evil.mout.kundenserver.de",
  "ec2-3-120-0-1.eu-central-1.compute.amazonaws.com",
  "1.2.3.34.bc.googleusercontent.com",
  "google-proxy-66-249-81-1.google.com",
  "rate-limited-proxy-66-249-90-1.google.com",
  "vm1.westeurope.cloudapp.azure.com",
  "lb-140-82-121-4-fra.github.com",
  "dagmar1.corp.linkedin.com",
  "mail.corp.linkedin.com",
  "mgg23tf6w0.corp.ebay.com",
  "slcsbjava4.slc.paypal.com",
  "fencepost.gnu.org",
  "people.debian.org",
  "ftp.kernel.org",
  "example.groups.io",
  "example.sourceforge.net",
  "sandbox1234.mailgun.org",
  "o1.ptr1234.customer.example",
  "xmail-yw1-f174.google.com.example.net",
  "notamazonses.com",
  "amazonses.com.example.net",
  "outbound.protection.outlook.com.example.net",
  "evil-outbound.protection.outlook.com",
  "unknown",
  "com",
  "",
];

/** The ways to name a source. */
const SOURCE_FORMS = [
  /^https:\/\/[a-z0-9.-]+\/\S+$/,
  /^SPF record of [a-z0-9._-]+$/,
  /^Received fields (quoted|of subscribers)|^Received fields, \S+ lists$/,
  /^reverse names quoted in public repositories$/,
  /^Message-IDs of |^settings of |^set-up that /,
];

function isAtOrBelow(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

Deno.test("every entry has a provider, a source and a date", () => {
  assert(/^\d{4}-\d\d-\d\d$/.test(WELL_KNOWN.checked));
  for (const { provider, pattern, source, date } of ENTRIES) {
    assert(provider !== "", pattern);
    assert(SOURCE_FORMS.some((form) => form.test(source)), `${pattern}: ${source}`);
    assert(date >= "2000" && date <= WELL_KNOWN.checked.slice(0, 4), pattern);
  }
});

Deno.test("patterns are domain names in lower case, and unique", () => {
  const seen = new Set<string>();
  for (const { matchOn, pattern } of ENTRIES) {
    assert(/^[a-z0-9_*-]+(\.[a-z0-9_*-]+)+$/.test(pattern), pattern);
    assert(!seen.has(`${matchOn} ${pattern}`), `twice: ${pattern}`);
    seen.add(`${matchOn} ${pattern}`);
  }
});

Deno.test("no host pattern repeats what another one covers", () => {
  for (const { pattern } of ENTRIES.filter(({ matchOn }) => matchOn === "host")) {
    const others = ENTRIES.filter((entry) => entry.pattern !== pattern);
    const name = pattern.replaceAll("*", "x1");
    assertEquals(hostsOf(others)(name)?.pattern, undefined, pattern);
  }
});

Deno.test("no pattern reaches up to a public suffix", () => {
  for (const { pattern } of ENTRIES) {
    const suffix = fixedSuffix(pattern);
    assert(registrableDomain(suffix) !== undefined, `${pattern}: ${suffix} is a public suffix`);
  }
});

Deno.test("no pattern lies above or below a domain of customers", () => {
  for (const { pattern } of ENTRIES) {
    const suffix = fixedSuffix(pattern);
    for (const domain of CUSTOMER_DOMAINS) {
      assert(!isAtOrBelow(suffix, domain), `${pattern} lies in ${domain}`);
      if (!pattern.includes("*")) assert(!isAtOrBelow(domain, pattern), `${pattern} has ${domain}`);
    }
  }
});

Deno.test("in a domain of mixed use a pattern names the mailers", () => {
  for (const { pattern } of ENTRIES.filter(({ matchOn }) => matchOn === "host")) {
    for (const domain of MIXED_DOMAINS) {
      assert(!isAtOrBelow(domain, pattern), `${pattern} is all of ${domain}`);
      if (!isAtOrBelow(pattern, domain)) continue;
      const left = pattern.slice(0, -domain.length).replaceAll(/[*.]/g, "");
      const hasLabel = fixedSuffix(pattern) !== domain;
      assert(hasLabel || left.length >= 4, `${pattern} is too wide for ${domain}`);
    }
  }
});

Deno.test("every host pattern matches the real host that it stands for", () => {
  for (const [provider, pattern, example] of HOST_ROWS) {
    const found = findHost(example);
    assertEquals([found?.provider, found?.pattern], [provider, pattern], example);
  }
});

for (const name of OTHER_HOSTS) {
  Deno.test(`no host pattern matches ${JSON.stringify(name)}`, () => {
    assertEquals(findHost(name)?.pattern, undefined);
  });
}

Deno.test("a name that only begins with a mailer's name, or only ends like one, does not match", () => {
  const label = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
  const plain = ENTRIES
    .filter(({ matchOn, pattern }) => matchOn === "host" && !pattern.includes("*"))
    .map(({ pattern }) => pattern);
  fc.assert(fc.property(fc.constantFrom(...HOST_ROWS), label, ([, , example], text) => {
    assertEquals(findHost(`${example}.${text}.example`), undefined);
  }));
  fc.assert(fc.property(fc.constantFrom(...plain), label, (pattern, text) => {
    const found = findHost(text + pattern)?.pattern;
    assert(found !== pattern, text + pattern);
  }));
});

Deno.test("the providers that most mail comes from are listed", () => {
  const providers = new Set(ENTRIES.map(({ provider }) => provider));
  const expected = [
    "Amazon SES",
    "Apple",
    "Brevo",
    "Fastmail",
    "GitHub",
    "GMX",
    "Google",
    "IONOS",
    "Mailchimp",
    "Mailgun",
    "Microsoft",
    "Mimecast",
    "Orange",
    "OVHcloud",
    "Proofpoint",
    "Proton",
    "SendGrid",
    "web.de",
    "Yahoo",
  ];
  assertEquals(expected.filter((provider) => !providers.has(provider)), []);
});
