import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { HELP_TEXTS } from "../../../lib/web/pages/help_texts.ts";
import { LANGUAGES } from "../../../lib/text/language.ts";
import { durationText } from "../../../lib/web/pages/language.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../lib/text/duration.ts";

Deno.test("a duration has its two largest units, in words", () => {
  assertEquals(durationText("en", 50 * SECOND), "50 seconds");
  assertEquals(durationText("de", 2 * DAY), "2 Tage");
  const french = durationText("fr", HOUR + 5 * MINUTE + 7 * SECOND);
  assertEquals(french.replaceAll(/\s/g, " "), "1 heure et 5 minutes");
  assertEquals(durationText("pl", 5 * MINUTE), "5 minut");
  assertEquals(durationText("en", 0), "1 second");
});

Deno.test("every language has texts of its own that name what they are given", () => {
  const { answers: english, ...names } = HELP_TEXTS.en;
  for (const language of LANGUAGES) {
    const { answers, explanation, forServers, ...own } = HELP_TEXTS[language];
    assert(explanation("mx.example.net").includes("mx.example.net"), language);
    assert(/A1.*B2/.test(forServers("A1", "B2")), language);
    for (const kind of ["waiting", "delivered", "throttled"] as const) {
      assert(answers[kind]("A1").includes("A1"), `${language} ${kind}`);
    }
    if (language === "en") continue;
    for (const [kind, answer] of Object.entries(answers)) {
      assertNotEquals(answer("1"), english[kind as keyof typeof english]("1"), language);
    }
    for (const [name, text] of Object.entries(own)) {
      assertNotEquals(text, names[name as keyof typeof own], `${language} ${name}`);
    }
  }
});
