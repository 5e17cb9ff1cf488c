import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { type Endpoint, parseEndpoint } from "../../lib/net/endpoint.ts";
import {
  checkPostconf,
  parsePostconf,
  policyServices,
  splitRestrictions,
} from "../../lib/postfix/postconf.ts";

const INET = parseEndpoint("inet:127.0.0.1:10023")!;

function check(text: string, endpoints: Endpoint[] = [INET], atData = false) {
  return checkPostconf(parsePostconf(text), endpoints, atData);
}

Deno.test("the output of postconf is parsed, with continuation lines", () => {
  const found = parsePostconf(
    "a = 1\nlist = one,\n    two\n\ttree\n# remark\nempty =\n\nb = x = y\n",
  );
  assertEquals([...found], [["a", "1"], ["list", "one, two tree"], ["empty", ""], ["b", "x = y"]]);
});

Deno.test("restrictions are split at commas and spaces outside braces", () => {
  assertEquals(splitRestrictions("a, b  c,d { x, y=1 } e {{ z }}"), [
    "a",
    "b",
    "c",
    "d",
    "{ x, y=1 }",
    "e",
    "{{ z }}",
  ]);
  fc.assert(fc.property(fc.string(), (text) => {
    splitRestrictions(text);
    policyServices(parsePostconf(`smtpd_recipient_restrictions = ${text}`));
  }));
});

Deno.test("a policy service is found with its options", () => {
  const text = "smtpd_recipient_restrictions = reject_unauth_destination, " +
    "check_policy_service { inet:127.0.0.1:10023, timeout=10s, { default_action = DUNNO } }";
  const [service] = policyServices(parsePostconf(text));
  assertEquals(service!.endpoint, "inet:127.0.0.1:10023");
  assertEquals([...service!.options], [["timeout", "10s"], ["default_action", "DUNNO"]]);
});

const GOOD = "check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }";

Deno.test("the recommended configuration has no finding", () => {
  for (
    const text of [
      `smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, ${GOOD}`,
      `smtpd_recipient_restrictions = ${GOOD}`,
      "smtpd_policy_service_default_action = DUNNO\n" +
      "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023",
    ]
  ) assertEquals(check(text), [], text);
});

Deno.test("each mistake is reported with the line that corrects it", () => {
  const table: [string, string, string][] = [
    ["mynetworks = 127.0.0.0/8", "no check_policy_service", GOOD],
    [
      `smtpd_recipient_restrictions = ${GOOD}, reject_unauth_destination`,
      "before reject_unauth_destination",
      `reject_unauth_destination, ${GOOD}`,
    ],
    [
      `smtpd_recipient_restrictions = ${GOOD}, permit_mynetworks`,
      "before permit_mynetworks",
      GOOD,
    ],
    [
      `smtpd_recipient_restrictions = ${GOOD}, permit_sasl_authenticated`,
      "before permit_sasl_authenticated",
      GOOD,
    ],
    [
      "smtpd_recipient_restrictions = reject_unauth_destination check_policy_service inet:10023 x",
      "451 4.3.5",
      `smtpd_recipient_restrictions = reject_unauth_destination ${GOOD} x`,
    ],
    [
      "smtpd_recipient_restrictions = a, check_policy_service inet:127.0.0.1:10031",
      "Postfix calls inet:127.0.0.1:10031, but greylag listens on inet:127.0.0.1:10023",
      `smtpd_recipient_restrictions = a check_policy_service inet:127.0.0.1:10031 ${GOOD}`,
    ],
    [
      `smtpd_data_restrictions = ${GOOD}`,
      "smtpd_recipient_restrictions does not call greylag",
      GOOD,
    ],
  ];
  for (const [text, what, remedy] of table) {
    const findings = check(text);
    const found = findings.find((finding) => finding.what.includes(what));
    assert(found !== undefined, `${what}: ${JSON.stringify(findings)}`);
    assertStringIncludes(found.remedy, remedy);
  }
});

Deno.test("the proposed lines leave no finding", () => {
  for (
    const text of [
      "mynetworks = 127.0.0.0/8",
      `smtpd_recipient_restrictions = ${GOOD}, permit_mynetworks, reject_unauth_destination`,
      "smtpd_recipient_restrictions = permit_mynetworks check_policy_service inet:10023",
      "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10031",
    ]
  ) {
    let config = text;
    for (let turn = 0; turn < 5; turn++) {
      const [finding] = check(config);
      if (finding === undefined) break;
      config = finding.remedy;
    }
    assertEquals(check(config), [], text);
  }
});

Deno.test("a Unix socket is found by its path, relative or in a chroot", () => {
  const socket = (path: string): Endpoint => ({ kind: "unix", path });
  const asks = (written: string) =>
    `smtpd_recipient_restrictions = check_policy_service { ${written}, default_action=DUNNO }`;
  const inQueue = [socket("/var/spool/postfix/private/greylag")];
  assertEquals(check(asks("unix:private/greylag"), inQueue), []);
  assertEquals(check(asks("unix:/private/greylag"), inQueue), []);
  const [outside] = check(asks("unix:/run/greylag/policy"), [socket("/run/greylag/policy")]);
  assertStringIncludes(outside!.what, "chrooted smtpd");
  assertEquals(outside!.severity, "warning");
});

Deno.test("a null sender that is greylisted at DATA needs the check there", () => {
  const text = `smtpd_recipient_restrictions = reject_unauth_destination, ${GOOD}`;
  const [finding] = check(text, [INET], true);
  assertEquals(finding!.remedy, `smtpd_data_restrictions = ${GOOD}`);
  assertEquals(check(`${text}\nsmtpd_data_restrictions = ${GOOD}`, [INET], true), []);
});
