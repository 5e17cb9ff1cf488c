/**
 * The forms that add, change and exempt.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Suggestion } from "../../admin/suggestions.ts";
import type { StoredEntry } from "../../store/store.ts";
import { formatDuration } from "../../text/duration.ts";
import { HiddenFields, type PageContext } from "../components/layout.tsx";
import { Text } from "../components/text.tsx";

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

function NoteField({ value = "" }: { value?: string }): JSX.Element {
  return (
    <p class="field">
      <label for="note">Note</label>
      <input id="note" name="note" maxlength={500} value={value} />
    </p>
  );
}

function SuggestionField({ suggestions }: { suggestions: readonly Suggestion[] }): JSX.Element {
  return (
    <fieldset>
      <legend>Pattern</legend>
      {suggestions.map(({ matchOn, pattern, meaning }, at) => (
        <p>
          <label>
            <input type="radio" name="choice" value={`${matchOn} ${pattern}`} checked={at === 0} />
            {" "}
            <strong>
              <Text of={pattern} />
            </strong>{" "}
            <span class="muted">{meaning}</span>
          </label>
        </p>
      ))}
      <p>
        <label>
          <input type="radio" name="choice" value="" /> another pattern:
        </label>
      </p>
    </fieldset>
  );
}

/** The form for a new entry; with suggestions, typing a pattern is optional. */
export function EntryForm(
  { page, list, suggestions }: {
    page: PageContext;
    list: EntryList;
    suggestions: readonly Suggestion[];
  },
): JSX.Element {
  return (
    <form method="post" action={`${page.prefix}/lists/add`} class="form">
      <HiddenFields page={{ ...page, path: "/lists" }} />
      <p class="field">
        <label for="list">List</label>
        <select id="list" name="list">
          {LISTS.map(([value, description]) => (
            <option value={value} selected={list === value}>{description}</option>
          ))}
        </select>
      </p>
      {suggestions.length === 0 ? "" : <SuggestionField suggestions={suggestions} />}
      <p class="field">
        <label for="match_on">Matches</label>
        <select id="match_on" name="match_on">
          <option value="">automatic</option>
          <option value="client">client</option>
          <option value="sender">sender</option>
          <option value="recipient">recipient</option>
        </select>
      </p>
      <p class="field">
        <label for="pattern">Pattern</label>
        <input
          id="pattern"
          name="pattern"
          maxlength={1000}
          required={suggestions.length === 0}
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
          {[UNLIMITED, ...LIFETIMES].map(([value, name]) => <option value={value}>{name}</option>)}
        </select>
      </p>
      <NoteField />
      <p>
        <button type="submit">Add entry</button>
      </p>
    </form>
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
  return (
    <form method="post" action={`${page.prefix}/lists/edit`} class="form">
      <HiddenFields page={{ ...page, path: "/lists" }} />
      <input type="hidden" name="id" value={String(entry.id)} />
      <p>
        {entry.list} {entry.matchOn}{" "}
        <strong>
          <Text of={entry.pattern} />
        </strong>
      </p>
      <NoteField value={entry.note} />
      <p class="field">
        <label for="for">Lifetime</label>
        <select id="for" name="for">
          <option value="keep" selected>unchanged</option>
          {[UNLIMITED, ...LIFETIMES].map(([value, name]) => <option value={value}>{name}</option>)}
        </select>
        <small>{expiryOf(entry, page.now)}</small>
      </p>
      <p>
        <button type="submit">Save</button>
      </p>
    </form>
  );
}

/** The form that exempts a recipient from greylisting for a while. */
export function ExemptionForm({ page }: { page: PageContext }): JSX.Element {
  return (
    <form method="post" action={`${page.prefix}/exemptions`} class="inline-form">
      <HiddenFields page={page} />
      <label for="exempt">Exempt recipient</label>
      <input
        id="exempt"
        name="recipient"
        type="text"
        required
        maxlength={320}
        placeholder="bob@example.net"
        autocapitalize="off"
        spellcheck={false}
      />
      <label for="exempt-for">for</label>
      <select id="exempt-for" name="for">
        {EXEMPTION_LIFETIMES.map(([value, name]) => <option value={value}>{name}</option>)}
      </select>
      <button type="submit">Exempt from greylisting</button>
    </form>
  );
}
