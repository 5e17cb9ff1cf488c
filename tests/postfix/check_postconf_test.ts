import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { type Endpoint, parseEndpoint } from "../../lib/net/endpoint.ts";
import { checkPostconf } from "../../lib/postfix/check_postconf.ts";
import { parsePostconf } from "../../lib/postfix/postconf.ts";
import { policyServices, splitRestrictions } from "../../lib/postfix/restrictions.ts";

const INET = parseEndpoint("inet:127.0.0.1:10023")!;

function check(text: string, endpoints: Endpoint[] = [INET], atData = false, dead: string[] = []) {
  return checkPostconf(parsePostconf(text), {
    listen: endpoints,
    nullSenderAtData: atData,
    learnOutbound: true,
    recipientDelimiter: "+",
  }, new Set(dead));
}

Deno.test("the output of postconf is parsed, with continuation lines", () => {
  const found = parsePostconf(
    "a = 1\nlist = one,\n    two\n\ttree\n# remark\nempty =\n\nb = x = y\n",
  );
  assertEquals([...found.parameters], [["a", "1"], ["list", "one, two tree"], ["empty", ""], [
    "b",
    "x = y",
  ]]);
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
    policyServices(text);
  }));
});

Deno.test("a policy service is found with its options", () => {
  const text = "reject_unauth_destination, " +
    "check_policy_service { inet:127.0.0.1:10023, timeout=10s, { default_action = DUNNO } }";
  const [service] = policyServices(text);
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
      `reject_unauth_destination ${GOOD}`,
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
      `smtpd_recipient_restrictions = reject_unauth_destination ${
        GOOD.replace("127.0.0.1:", "")
      } x`,
    ],
    [
      "smtpd_recipient_restrictions = a, check_policy_service inet:127.0.0.1:10031",
      "Postfix calls inet:127.0.0.1:10031, but greylag listens on inet:127.0.0.1:10023",
      `smtpd_recipient_restrictions = a check_policy_service inet:127.0.0.1:10031 reject_unauth_destination ${GOOD}`,
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

Deno.test("master.cf, dead ports and second greylisting servers are checked", () => {
  const lists = `smtpd_recipient_restrictions = reject_unauth_destination, ${GOOD}\n`;
  const smtp = "smtp inet n - y - - smtpd\n25 inet n - y - - smtpd\n";
  const table: [string, string, string, string[]?][] = [
    [
      `${lists}${smtp}25/inet/smtpd_recipient_restrictions = permit_mynetworks,reject\n`,
      "25/inet in master.cf overrides smtpd_recipient_restrictions, and its list does not call greylag",
      `master.cf, 25/inet: -o { smtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination ${GOOD} reject }`,
    ],
    [
      `${lists}smtpd pass - - y - - smtpd\n` +
      "  -o smtpd_recipient_restrictions=check_policy_service,inet:127.0.0.1:10023\n",
      'answers all mail with "451 4.3.5 Server configuration problem" (smtpd_recipient_restrictions of smtpd/pass',
      `master.cf, smtpd/pass: -o { smtpd_recipient_restrictions = `,
    ],
    [
      `smtpd_recipient_restrictions = reject_unauth_destination permit ${GOOD}`,
      "check_policy_service stands after permit and is never reached (smtpd_recipient_restrictions)",
      `smtpd_recipient_restrictions = reject_unauth_destination ${GOOD} permit`,
    ],
    [
      `smtpd_recipient_restrictions = permit_mynetworks, reject, ${GOOD}`,
      "stands after reject",
      `smtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination ${GOOD} reject`,
    ],
    [
      `${lists.trim()}, check_policy_service inet:127.0.0.1:2501`,
      "mail is greylisted twice: smtpd_recipient_restrictions contains inet:127.0.0.1:2501 (sqlgrey)",
      `smtpd_recipient_restrictions = reject_unauth_destination ${GOOD}`,
    ],
    [
      "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:2501",
      "contains inet:2501, where no program listens",
      `smtpd_recipient_restrictions = reject_unauth_destination ${GOOD}`,
      ["inet:2501"],
    ],
    [
      "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:7777",
      "contains inet:7777, where no program listens",
      "Start the program that listens there, or remove the check: smtpd_recipient_restrictions = ",
      ["inet:7777"],
    ],
    [
      `${lists}smtpd_client_restrictions = check_policy_service inet:10031, permit\n`,
      "smtpd_client_restrictions contains inet:10031, where no program listens",
      "smtpd_client_restrictions = permit",
      ["inet:10031"],
    ],
    [
      `${lists}recipient_delimiter = +-_`,
      'Postfix\'s recipient_delimiter is "+-_"',
      'recipient_delimiter = "+-_"',
    ],
    [
      `${lists}${smtp}submission inet n - y - - smtpd\n` +
      "submission/inet/smtpd_recipient_restrictions = permit_sasl_authenticated,reject\n",
      "learn_outbound has no effect: submission/inet in master.cf does not call greylag",
      "policy_context=submission",
    ],
  ];
  for (const [text, what, remedy, dead = []] of table) {
    const findings = check(text, [INET], false, dead);
    const found = findings.find((finding) => finding.what.includes(what));
    assert(found !== undefined, `${what}: ${JSON.stringify(findings)}`);
    assertStringIncludes(found.remedy, remedy);
  }
  assertEquals(
    check(`${lists}${smtp}127.0.0.1:10025 inet n - n - - smtpd
      -o smtpd_recipient_restrictions=permit_mynetworks,reject
submission inet n - y - - smtpd
      -o { smtpd_recipient_restrictions = ${GOOD} permit_sasl_authenticated reject }`),
    [],
    "services behind a content filter and submission that asks",
  );
  const inClass = `smtpd_restriction_classes = grey\ngrey = ${GOOD}\n` +
    "smtpd_recipient_restrictions = reject_unauth_destination, check_recipient_access hash:x\n";
  assertEquals(check(inClass), [], "a restriction class");
  const byName = `own = ${GOOD}\nsmtpd_recipient_restrictions = reject_unauth_destination, $own\n`;
  assertEquals(check(byName), [], "a parameter of the administrator's own");
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
  const overridden = `${text}\nsmtpd_data_restrictions = ${GOOD}\nsmtp inet n - y - - smtpd\n` +
    "  -o smtpd_data_restrictions=reject_unauth_pipelining\n";
  assertEquals(
    check(overridden, [INET], true).map(({ remedy }) => remedy),
    [`master.cf, smtp/inet: -o { smtpd_data_restrictions = ${GOOD} reject_unauth_pipelining }`],
  );
  assertEquals(finding!.remedy, `smtpd_data_restrictions = ${GOOD}`);
  assertEquals(check(`${text}\nsmtpd_data_restrictions = ${GOOD}`, [INET], true), []);
});
