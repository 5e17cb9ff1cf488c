import { assertEquals } from "@std/assert";
import { HtmlValidate } from "html-validate";
import { type Page, type SignedIn, withPage } from "../page.ts";
import { pathsAbout } from "../paths.ts";

const PATHS = [
  ...pathsAbout({
    domain: "bookshop.example",
    client: "192.0.2.77",
    recipient: "erika@example.net",
  }),
  "/lists/new",
  "/lists/new?list=block&pattern=not%20valid",
  "/help?lang=de",
];

const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: {
    // A name for a list of links.
    "aria-label-misuse": ["error", { allowAnyNamable: true }],
    // Matters of taste, not of validity.
    "attr-quotes": "off",
    "attribute-boolean-style": "off",
    "attribute-empty-style": "off",
    "doctype-style": "off",
    "void-style": "off",
    "long-title": "off",
    "no-trailing-whitespace": "off",
    "require-sri": "off",
  },
});

async function errorsOf({ get }: Page, path: string, session?: SignedIn): Promise<string[]> {
  const answer = await get(path, session === undefined ? {} : { cookie: session.cookie });
  const { results } = await validator.validateString(await answer.text());
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, selector }) => `${path}: ${ruleId}: ${message} (${selector})`)
  );
}

for (const seeded of [true, false]) {
  for (const isSignedIn of [true, false]) {
    const where = `${seeded ? "with" : "without"} mail, signed ${isSignedIn ? "in" : "out"}`;
    Deno.test(`every page is valid HTML, ${where}`, async () => {
      await withPage(async (page) => {
        const session = isSignedIn ? await page.signIn() : undefined;
        const errors: string[] = [];
        for (const path of PATHS) errors.push(...await errorsOf(page, path, session));
        assertEquals(errors, []);
      }, { seeded, obstacles: ["disk full"] });
    });
  }
}
