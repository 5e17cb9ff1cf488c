import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { StoredEntry } from "../../../lib/store/store.ts";
import { HOUR } from "../../../lib/text/duration.ts";
import {
  EditForm,
  EntryForm,
  EntryPreviewCard,
  type GivenEntry,
} from "../../../lib/web/pages/entry_forms.tsx";
import type { Preview } from "../../../lib/web/worker/status_commands.ts";

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

const GIVEN: GivenEntry = {
  list: "block",
  matchOn: "sender",
  pattern: 'a"b@example.org',
  note: "",
  lifetime: "7d",
  source: { deferral: "3" },
};

Deno.test("the form has one field for the pattern, which suggestions fill in", () => {
  const suggestion = { matchOn: "sender", pattern: 'a"b@example.org', meaning: "x" } as const;
  const html = `${<EntryForm page={PAGE} given={GIVEN} suggestions={[suggestion]} />}`;
  assertEquals(html.match(/name="pattern"/g)?.length, 1);
  assertStringIncludes(html, 'value="a&quot;b@example.org"');
  assert(!html.includes('type="radio"'));
  assertStringIncludes(
    html,
    'href="/mail/lists/new?list=block&amp;match_on=sender&amp;pattern=a%22b%40example.org&amp;deferral=3"',
  );
  assert(/<option value="block" selected/.test(html) && /<option value="7d" selected/.test(html));
});

Deno.test("a preview adds what it shows, a broad pattern only after a confirmation", () => {
  const preview = { matchOn: "sender", effect: "3 messages", breadth: undefined } as const;
  const render = (given: Partial<Preview>) =>
    `${<EntryPreviewCard page={PAGE} given={GIVEN} preview={{ ...preview, ...given }} />}`;
  assertStringIncludes(render({}), "3 messages");
  assertStringIncludes(render({}), 'name="pattern" value="a&quot;b@example.org"');
  assertStringIncludes(render({}), 'name="for" value="7d"');
  assert(!render({}).includes("confirmed"));
  assert(/name="confirmed"[^>]*required/.test(render({ breadth: "every sender" })));
  assert(!render({ problem: "bad" }).includes("<form"));
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
