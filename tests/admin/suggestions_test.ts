import { assertEquals } from "@std/assert";
import { parsePattern } from "../../lib/lists/pattern.ts";
import { daemonSettings } from "../../lib/config/module_settings.ts";
import { combine } from "../../lib/config/load.ts";
import { suggestionsFor } from "../../lib/admin/suggestions.ts";

const { values } = combine({ file: undefined, environment: () => undefined, flags: new Map() });
const { rules } = daemonSettings(values).engine;

const mail = {
  clientAddress: "192.0.2.25",
  clientName: "mx1.lindgren.example",
  sender: "anna@lindgren.example",
  recipient: "bob@example.net",
};

const patterns = (given: Partial<typeof mail>) =>
  suggestionsFor({ ...mail, ...given }, rules).map(({ matchOn, pattern }) =>
    `${matchOn} ${pattern}`
  );

Deno.test("suggestions are valid patterns, from narrow to wide", () => {
  assertEquals(patterns({}), [
    "sender anna@lindgren.example",
    "sender lindgren.example",
    "client spf:lindgren.example",
    "client mx1.lindgren.example",
    "client org:lindgren.example",
    "client 192.0.2.25",
    "client 192.0.2.0/24",
    "recipient bob@example.net",
  ]);
  for (const { matchOn, pattern } of suggestionsFor(mail, rules)) {
    assertEquals(parsePattern(matchOn, pattern).ok, true, pattern);
  }
});

Deno.test("an unverified name suggests nothing, and a bounce no domain", () => {
  assertEquals(patterns({ clientName: "unknown", sender: "" }), [
    "sender <>",
    "client 192.0.2.25",
    "client 192.0.2.0/24",
    "recipient bob@example.net",
  ]);
  assertEquals(patterns({ clientAddress: "nonsense", sender: "" }), [
    "sender <>",
    "client mx1.lindgren.example",
    "recipient bob@example.net",
  ]);
});
