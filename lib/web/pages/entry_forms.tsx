/**
 * The forms that add, change and exempt.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Suggestion } from "../../admin/suggestions.ts";
import { MATCH_ON, type MatchOn } from "../../lists/pattern.ts";
import type { StoredEntry } from "../../store/store.ts";
import { formatDuration } from "../../text/duration.ts";
import { HiddenFields, type PageContext, PostFields } from "../components/layout.tsx";
import { Text } from "../components/text.tsx";
import type { Preview } from "../worker/status_commands.ts";

type EntryList = "allow" | "block" | "always-greylist";

const LISTS: readonly (readonly [list: EntryList, description: string])[] = [
  ["allow", "allow: pass without delay"],
  ["block", "block: reject permanently"],
  ["always-greylist", "always-greylist: greylist a client despite its reputation"],
];

const LIFETIMES: readonly (readonly [value: string, name: string])[] = [
  ["15m", "15 minutes"],
  ["1h", "1 hour"],
  ["1d", "1 day"],
  ["7d", "7 days"],
  ["30d", "30 days"],
  ["365d", "1 year"],
];

const EXEMPTION_LIFETIMES = LIFETIMES.slice(0, 3);

const UNLIMITED = ["", "unlimited"] as const;

/** The fields of a form that could not be carried out. Texts are hostile. */
function enteredBefore(
  { notice }: PageContext,
  action: string,
): Readonly<Record<string, string>> {
  return notice?.form?.action === action ? notice.form.fields : {};
}

function NoteField({ value = "" }: { value?: string }): JSX.Element {
  return (
    <p class="field">
      <label for="note">Note</label>
      <input type="text" id="note" name="note" maxlength={500} value={value} />
    </p>
  );
}

/** The fields of a new entry, as given so far. Texts are hostile. */
export interface GivenEntry {
  readonly list: EntryList;
  readonly matchOn: MatchOn | undefined;
  readonly pattern: string;
  readonly note: string;
  /** A duration; empty for no end. */
  readonly lifetime: string;
  /** The message that the suggestions come from. */
  readonly source: Readonly<Record<string, string | undefined>>;
}

/** Links that fill in a suggested pattern. */
function Suggestions(
  { page, given, suggestions }: {
    page: PageContext;
    given: GivenEntry;
    suggestions: readonly Suggestion[];
  },
): JSX.Element {
  return (
    <section aria-labelledby="suggestions-title" class="card">
      <h2 id="suggestions-title">Patterns of this message</h2>
      <ul>
        {suggestions.map(({ matchOn, pattern, meaning }) => {
          const query = new URLSearchParams({
            list: given.list,
            match_on: matchOn,
            pattern,
            ...Object.fromEntries(
              Object.entries(given.source).filter(([, value]) => value !== undefined),
            ),
          });
          const isChosen = given.pattern === pattern && given.matchOn === matchOn;
          return (
            <li>
              <a
                href={`${page.prefix}/lists/new?${query}`}
                aria-current={isChosen ? "true" : undefined}
              >
                <Text of={pattern} />
              </a>{" "}
              <span class="muted">{meaning}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** The effect of a new entry, and the button that adds it. A broad pattern has to be confirmed. */
export function EntryPreviewCard(
  { page, given, preview }: { page: PageContext; given: GivenEntry; preview: Preview },
): JSX.Element {
  if (preview.problem !== undefined) {
    return (
      <p class="notice error" role="alert">
        <Text of={`This entry cannot be added: ${preview.problem}.`} maxLength={300} />
      </p>
    );
  }
  return (
    <form
      method="post"
      action={`${page.prefix}/lists/add`}
      class="card form"
      aria-labelledby="preview-title"
    >
      <h2 id="preview-title">Preview</h2>
      <PostFields
        page={{ ...page, path: "/lists" }}
        fields={{
          form: page.path,
          list: given.list,
          match_on: preview.matchOn,
          pattern: given.pattern,
          note: given.note,
          for: given.lifetime,
        }}
      />
      <p>
        {given.list} {preview.matchOn}{" "}
        <strong>
          <Text of={given.pattern} maxLength={200} />
        </strong>
      </p>
      <p>
        <Text of={preview.effect} maxLength={400} />
      </p>
      {preview.breadth === undefined ? "" : (
        <p class="notice error">
          <label>
            <input type="checkbox" name="confirmed" value="yes" required />{" "}
            <Text of={`This pattern matches ${preview.breadth}. I want that.`} maxLength={200} />
          </label>
        </p>
      )}
      <p>
        <button type="submit" class="primary">Add entry</button>
      </p>
    </form>
  );
}

/** The form for a new entry; it leads to the preview. */
export function EntryForm(
  { page, given, suggestions }: {
    page: PageContext;
    given: GivenEntry;
    suggestions: readonly Suggestion[];
  },
): JSX.Element {
  const { list, matchOn = "", pattern, note, lifetime } = given;
  return (
    <>
      {suggestions.length === 0
        ? ""
        : <Suggestions page={page} given={given} suggestions={suggestions} />}
      <form method="get" action={`${page.prefix}/lists/new`} class="card form">
        {Object.entries(given.source).map(([name, value]) =>
          value === undefined ? "" : <input type="hidden" name={name} value={value} />
        )}
        <p class="field">
          <label for="list">List</label>
          <select id="list" name="list">
            {LISTS.map(([value, description]) => (
              <option value={value} selected={list === value}>{description}</option>
            ))}
          </select>
        </p>
        <p class="field">
          <label for="match_on">Matches</label>
          <select id="match_on" name="match_on">
            <option value="">automatic</option>
            {MATCH_ON.map((value) => (
              <option value={value} selected={matchOn === value}>{value}</option>
            ))}
          </select>
        </p>
        <p class="field">
          <label for="pattern">Pattern</label>
          <input
            type="text"
            id="pattern"
            name="pattern"
            maxlength={1000}
            required
            value={pattern}
            aria-describedby="pattern-help"
            autocapitalize="off"
            spellcheck={false}
          />
          <small id="pattern-help">
            Client: 192.0.2.1, 192.0.2.0/24, mail.example.org, org:example.org, spf:example.org.
            Sender or recipient: alice@example.org, example.org, user@. Regular expression: /…/.
          </small>
        </p>
        <p class="field">
          <label for="for">Lifetime</label>
          <select id="for" name="for">
            {[UNLIMITED, ...LIFETIMES].map(([value, name]) => (
              <option value={value} selected={lifetime === value}>{name}</option>
            ))}
          </select>
        </p>
        <NoteField value={note} />
        <p>
          <button type="submit" class={pattern === "" ? "primary" : ""}>Preview</button>
        </p>
      </form>
    </>
  );
}

function expiryOf({ expires }: StoredEntry, now: number): string {
  if (expires === undefined) return "The entry does not expire.";
  return expires <= now
    ? "The entry has expired."
    : `The entry expires in ${formatDuration(expires - now)}.`;
}

/** The form for note and expiry of an entry. */
export function EditForm(
  { page, entry }: { page: PageContext; entry: StoredEntry },
): JSX.Element {
  const given = enteredBefore(page, "/lists/edit");
  const lifetime = given["for"] ?? "keep";
  return (
    <form method="post" action={`${page.prefix}/lists/edit`} class="card form">
      <PostFields page={{ ...page, path: "/lists" }} fields={{ form: page.path, id: entry.id }} />
      <p>
        {entry.list} {entry.matchOn}{" "}
        <strong>
          <Text of={entry.pattern} />
        </strong>
      </p>
      <NoteField value={given["note"] ?? entry.note} />
      <p class="field">
        <label for="for">Lifetime</label>
        <select id="for" name="for">
          {[["keep", "unchanged"] as const, UNLIMITED, ...LIFETIMES].map(([value, name]) => (
            <option value={value} selected={value === lifetime}>{name}</option>
          ))}
        </select>
        <small>{expiryOf(entry, page.now)}</small>
      </p>
      <p>
        <button type="submit" class="primary">Save</button>
      </p>
    </form>
  );
}

/** The form that exempts a recipient from greylisting for a while. */
export function ExemptionForm({ page }: { page: PageContext }): JSX.Element {
  const given = enteredBefore(page, "/exemptions");
  return (
    <form method="post" action={`${page.prefix}/exemptions`} class="inline-form">
      <HiddenFields page={page} />
      <label for="exempt">Expecting mail for</label>
      <input
        id="exempt"
        name="recipient"
        type="text"
        required
        maxlength={320}
        placeholder="bob@example.net"
        value={given["recipient"] ?? ""}
        aria-invalid={given["recipient"] === undefined ? undefined : "true"}
        autocapitalize="off"
        spellcheck={false}
      />
      <span class="joined">
        <label for="exempt-for">for</label>
        <select id="exempt-for" name="for">
          {EXEMPTION_LIFETIMES.map(([value, name]) => (
            <option value={value} selected={value === given["for"]}>{name}</option>
          ))}
        </select>
        <button type="submit">Exempt</button>
      </span>
    </form>
  );
}
