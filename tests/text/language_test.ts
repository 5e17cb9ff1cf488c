import { assertEquals } from "@std/assert";
import { preferredLanguage } from "../../lib/text/language.ts";

for (
  const [header, language] of [
    [undefined, "en"],
    ["", "en"],
    ["de", "de"],
    ["DE-at", "de"],
    ["sv, fr;q=0.7, de;q=0.9", "de"],
    ["sv;q=1, nl ; q=0.001", "nl"],
    ["pl;q=0, it;q=0.5", "it"],
    ["fr;q=x, es;q=0.1", "es"],
    ["en-GB,en;q=0.9,de;q=0.8", "en"],
    ["*", "en"],
    ["constructor, __proto__, fr", "fr"],
  ] as const
) {
  Deno.test(`Accept-Language ${header} prefers ${language}`, () => {
    assertEquals(preferredLanguage(header), language);
  });
}

Deno.test("a visitor without a known language gets the fallback", () => {
  assertEquals(preferredLanguage("sv", "de"), "de");
});
