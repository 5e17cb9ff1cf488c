import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { classifyName, type NameClass, RULES } from "../../lib/net/generic_name.ts";
import { type IpAddress, parseAddress } from "../../lib/net/network.ts";

function ruleOf(name: string, address: string): string | undefined {
  return classifyName(name, parseAddress(address)!).rule;
}

for (const rule of RULES) {
  Deno.test(`the rule ${rule.id} decides its examples and no counterexample`, () => {
    for (const [name, address] of rule.examples) assertEquals(ruleOf(name, address), rule.id, name);
    for (const [name, address] of rule.counterexamples) {
      assertEquals(ruleOf(name, address), undefined, name);
    }
  });
}

Deno.test("ids of rules are unique, and every rule has an example", () => {
  assertEquals(new Set(RULES.map((rule) => rule.id)).size, RULES.length);
  assertEquals(RULES.filter((rule) => rule.examples.length === 0), []);
});

Deno.test("generic rules come before weak ones", () => {
  const classes = RULES.map((rule) => rule.class);
  assertEquals(classes, classes.toSorted((a, b) => a === b ? 0 : a === "generic" ? -1 : 1));
});

const ipv4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes): IpAddress => ({ family: 4, bytes }));
const ipv6 = fc.array(fc.nat(255), { minLength: 16, maxLength: 16 })
  .map((bytes): IpAddress => ({ family: 6, bytes }));
const address = fc.oneof(ipv4, ipv6);
const label = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
const dottedLabels = fc.array(label, { minLength: 1, maxLength: 6 })
  .map((labels) => labels.join("."));

Deno.test("any text is classified", () => {
  fc.assert(fc.property(
    fc.oneof(fc.string({ unit: "binary", maxLength: 400 }), dottedLabels),
    address,
    (text, client) => {
      const { class: result, rule } = classifyName(text, client);
      assertEquals(rule === undefined, result === "named");
    },
  ));
});

Deno.test("case and a final dot do not matter", () => {
  fc.assert(fc.property(dottedLabels, address, (name, client) => {
    const expected = classifyName(name, client);
    assertEquals(classifyName(`${name.toUpperCase()}.`, client), expected);
  }));
});

const mailWord = fc.constantFrom("mail", "smtp", "mx", "mta", "out", "relay", "send", "bounce");
const separator = fc.constantFrom("-", ".");

Deno.test("an address does not make a name with a mail word generic", () => {
  fc.assert(fc.property(ipv4, mailWord, separator, separator, (client, word, outer, inner) => {
    const shown = client.bytes.join(inner);
    for (const labels of [`${word}${outer}${shown}`, `${shown}${outer}${word}`]) {
      assertEquals(classifyName(`${labels}.example.org`, client).class, "named");
    }
  }));
});

Deno.test("an address in a name without a mail word makes it weak", () => {
  fc.assert(fc.property(ipv4, separator, fc.boolean(), (client, inner, isReversed) => {
    const bytes = isReversed ? client.bytes.toReversed() : client.bytes;
    assertEquals(classifyName(`host-${bytes.join(inner)}.example.org`, client).class, "weak");
  }));
});

Deno.test("an access word makes a name generic, mail word or not", () => {
  const accessWord = fc.constantFrom("abo", "cust", "dsl", "dyn", "dhcp", "ppp", "cable", "ftth");
  fc.assert(fc.property(accessWord, mailWord, address, (access, word, client) => {
    assertEquals(classifyName(`${word}1.${access}.example.org`, client).class, "generic");
  }));
});

/** Reads lines `NAME ADDRESS`; empty lines and comments are left out. */
function readNames(file: string): [name: string, client: IpAddress][] {
  const lines = Deno.readTextFileSync(new URL(file, import.meta.url)).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const [name = "", text = "", ...rest] = line.split(" ");
    const client = parseAddress(text);
    assert(client !== undefined && rest.length === 0, `${file}: cannot read "${line}"`);
    return [name, client];
  });
}

function assertClassified(file: string, isWanted: (result: NameClass) => boolean): void {
  const names = readNames(file);
  assert(names.length >= 300, `${file} has ${names.length} names`);
  const wrong = names.filter(([name, client]) => !isWanted(classifyName(name, client).class));
  const share = wrong.length / names.length;
  assert(share <= 0.03, `${wrong.length} of ${names.length}: ${wrong.map(([name]) => name)}`);
}

Deno.test("97 of 100 mail servers are named", () => {
  assertClassified("mail_servers.txt", (result) => result === "named");
});

Deno.test("97 of 100 access lines and rented machines are not named", () => {
  assertClassified("access_hosts.txt", (result) => result !== "named");
});
