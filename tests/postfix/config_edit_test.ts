import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parseEndpoint } from "../../lib/net/endpoint.ts";
import { checkPostconf, type GreylagSetup } from "../../lib/postfix/check_postconf.ts";
import { addGreylag, callers, removeGreylag, undoChanges } from "../../lib/postfix/config_edit.ts";
import { parseConfigFiles } from "../../lib/postfix/postconf.ts";
import { splitRestrictions } from "../../lib/postfix/restrictions.ts";
import { CHECK, filesOf, MASTER, SHAPES } from "./config_shapes.ts";

const SETUP: GreylagSetup = {
  listen: [parseEndpoint("inet:127.0.0.1:10023")!],
  nullSenderAtData: false,
  learnOutbound: true,
  recipientDelimiter: "+",
};

/** sqlgrey's and iRedAPD's. */
const DEAD = new Set(["inet:127.0.0.1:2501", "inet:127.0.0.1:7777"]);

const add = (mainCf: string, masterCf = MASTER, setup = SETUP) =>
  addGreylag({ "main.cf": mainCf, "master.cf": masterCf }, setup, DEAD, false);

const wordsOf = (value: string | undefined) => splitRestrictions(value ?? "").join(" ");

for (const shape of SHAPES) {
  Deno.test(`greylag is added to a list that is ${shape.name}, and undone byte for byte`, () => {
    const files = filesOf(shape);
    const edited = addGreylag(files, SETUP, DEAD, true);
    const config = parseConfigFiles(edited.files["main.cf"], edited.files["master.cf"]);
    assertEquals(wordsOf(config.parameters.get("smtpd_recipient_restrictions")), shape.list);
    for (const [place, list] of Object.entries(shape.overrides ?? {})) {
      const [name, type, parameter] = place.split("/");
      const service = config.services.find(({ id }) => id === `${name}/${type}`)!;
      assertEquals(wordsOf(service.overrides.get(parameter!)), list);
    }
    const all = edited.files["main.cf"] + edited.files["master.cf"];
    if (shape.literally !== undefined) assertStringIncludes(all, shape.literally);
    // Nothing but a missing submission service is left to be said.
    const said = checkPostconf(config, SETUP, DEAD).filter(({ severity }) => severity !== "advice");
    assertEquals(said, []);
    // A second run changes nothing.
    assertEquals(addGreylag(edited.files, SETUP, DEAD, true).changes, []);
    assertEquals(undoChanges(edited.files, edited.changes), files);
  });
}

Deno.test("an undo leaves what the administrator changed meanwhile", () => {
  const { files, changes } = add(
    "a = 1\nsmtpd_recipient_restrictions = permit_mynetworks, reject\n",
  );
  const later = { ...files, "main.cf": `${files["main.cf"]}b = 2\n` };
  assertEquals(
    undoChanges(later, changes)["main.cf"],
    "a = 1\nsmtpd_recipient_restrictions = permit_mynetworks, reject\nb = 2\n",
  );
  const rewritten = {
    ...files,
    "main.cf": `smtpd_recipient_restrictions = reject_unauth_destination, ${CHECK}, permit\n`,
  };
  assertEquals(undoChanges(rewritten, changes), rewritten);
  assertEquals(
    removeGreylag(rewritten, SETUP)["main.cf"],
    "smtpd_recipient_restrictions = reject_unauth_destination, permit\n",
  );
});

Deno.test("every check is removed, wherever it is written", () => {
  const files = {
    "main.cf": "smtpd_restriction_classes = grey\n" +
      "grey = check_policy_service inet:10023\n" +
      `smtpd_recipient_restrictions = reject_unauth_destination,\n  # here\n  ${CHECK}\n` +
      "smtpd_data_restrictions = check_policy_service inet:localhost:10023, permit\n",
    "master.cf": `${MASTER}25 inet n - y - - smtpd\n` +
      "  -o smtpd_recipient_restrictions=check_policy_service,inet:127.0.0.1:10023,permit\n",
  };
  assertEquals(callers(files, SETUP), [
    "main.cf: grey",
    "main.cf: smtpd_recipient_restrictions",
    "main.cf: smtpd_data_restrictions",
    "master.cf: smtpd_recipient_restrictions of 25/inet",
  ]);
  const after = removeGreylag(files, SETUP);
  assertEquals(callers(after, SETUP), []);
  assertStringIncludes(after["main.cf"], "reject_unauth_destination,\n  # here\n");
  assertStringIncludes(after["master.cf"], "-o { smtpd_recipient_restrictions = permit }");
});

Deno.test("a stopped policy server that is no greylisting server keeps its check, unless it is named", () => {
  const iRedApd = "check_policy_service inet:127.0.0.1:7777";
  const mainCf = `smtpd_recipient_restrictions = ${iRedApd}, reject_unauth_destination\n`;
  const files = { "main.cf": mainCf, "master.cf": MASTER };
  const listOf = (named?: string) =>
    addGreylag(files, SETUP, DEAD, false, named).files["main.cf"].trimEnd();
  const list = "smtpd_recipient_restrictions =";
  assertEquals(listOf(), `${list} ${iRedApd}, reject_unauth_destination, ${CHECK}`);
  assertEquals(listOf("inet:127.0.0.1:7777"), `${list} reject_unauth_destination, ${CHECK}`);
  const { changes, problems } = addGreylag(files, SETUP, DEAD, false, "inet:127.0.0.1:7778");
  assertEquals(changes, []);
  assertStringIncludes(problems[0]!, "inet:127.0.0.1:7778");
});

Deno.test("Greylag at an earlier endpoint gives way", () => {
  const old = "unix:greylag/old";
  const { files } = addGreylag(
    {
      "main.cf":
        `smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service ${old}\n`,
      "master.cf": MASTER,
    },
    SETUP,
    new Set([old]),
    false,
  );
  assertEquals(
    files["main.cf"],
    `smtpd_recipient_restrictions = reject_unauth_destination, ${CHECK}\n`,
  );
});

Deno.test("a greylisting server that runs is not joined by a second one", () => {
  const { changes, problems } = add(
    "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:127.0.0.1:60000\n",
  );
  assertEquals(changes, []);
  assertStringIncludes(problems[0]!, "postgrey");
});

Deno.test("greylisting of the null sender at DATA adds the check there", () => {
  const { files, changes } = add(
    `smtpd_recipient_restrictions = reject_unauth_destination, ${CHECK}\n`,
    `${MASTER}25 inet n - y - - smtpd\n  -o smtpd_data_restrictions=reject_unauth_pipelining\n`,
    { ...SETUP, nullSenderAtData: true },
  );
  assertStringIncludes(files["main.cf"], `\nsmtpd_data_restrictions = ${CHECK}\n`);
  assertStringIncludes(
    files["master.cf"],
    `-o { smtpd_data_restrictions = ${CHECK}, reject_unauth_pipelining }`,
  );
  assertEquals(changes.length, 2);
});

Deno.test("an edit of any list can be undone, and calls greylag", () => {
  const word = fc.constantFrom(
    "permit_mynetworks",
    "reject_unauth_destination",
    "permit",
    "reject",
    "check_policy_service { unix:private/spf, timeout=5s }",
    "check_client_access hash:/etc/postfix/client",
    CHECK,
    "check_policy_service inet:127.0.0.1:10023",
  );
  const gap = fc.constantFrom(" ", ", ", ",\n    ", "\n\t", ",\n# why, not\n  ", "\n\n  # a {\n  ");
  fc.assert(fc.property(fc.array(fc.tuple(word, gap), { maxLength: 6 }), gap, (parts, first) => {
    const value = first + parts.map(([text, after]) => text + after).join("");
    const mainCf = `a = 1\nsmtpd_recipient_restrictions =${value}\nb = 2\n`;
    const { files, changes } = add(mainCf);
    const config = parseConfigFiles(files["main.cf"], "");
    assertEquals(config.parameters.get("b"), "2");
    assert(callers(files, SETUP).length > 0, files["main.cf"]);
    assertEquals(undoChanges(files, changes)["main.cf"], mainCf);
  }));
});
