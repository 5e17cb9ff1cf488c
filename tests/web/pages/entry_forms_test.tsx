import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { StoredEntry } from "../../../lib/store/store.ts";
import { HOUR } from "../../../lib/text/duration.ts";
import { EditForm, EntryForm } from "../../../lib/web/pages/entry_forms.tsx";

const PAGE = { prefix: "/mail", path: "/x", visitor: { kind: "anonymous" }, now: 0 } as const;

const ENTRY: StoredEntry = {
  id: 7,
  list: "block",
  matchOn: "sender",
  pattern: "<i>@example.org",
  note: '"',
  addedBy: "root",
  created: 0,
  hits: 0,
};

Deno.test("a pattern is required only without suggestions; the first suggestion is checked", () => {
  const render = (suggestions: Parameters<typeof EntryForm>[0]["suggestions"]) =>
    `${<EntryForm page={PAGE} list="block" suggestions={suggestions} />}`;
  const suggestion = { matchOn: "sender", pattern: 'a"b@example.org', meaning: "x" } as const;
  const withSuggestions = render([suggestion, suggestion]);
  assertEquals(withSuggestions.match(/checked/g)?.length, 1);
  assertStringIncludes(withSuggestions, 'value="sender a&quot;b@example.org"');
  assert(!/name="pattern"[^>]*required/.test(withSuggestions));
  assert(/name="pattern"[^>]*required/.test(render([])));
  assert(/<option value="block" selected/.test(render([])));
});

Deno.test("the edit form has the note, and says when the entry expires", () => {
  const render = (expires?: number) => {
    const entry = expires === undefined ? ENTRY : { ...ENTRY, expires };
    return `${<EditForm page={PAGE} entry={entry} />}`;
  };
  assertStringIncludes(render(), "The entry does not expire.");
  assertStringIncludes(render(HOUR), "The entry expires in 1h.");
  assertStringIncludes(render(-1), "The entry has expired.");
  assertStringIncludes(render(), 'name="note" maxlength="500" value="&quot;"');
  assert(!render().includes("<i>"));
  assertStringIncludes(render(), 'name="then" value="/lists"');
});
