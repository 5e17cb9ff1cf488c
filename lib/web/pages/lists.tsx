/**
 * The lists: their entries, and the forms that change them.
 *
 * @module
 */
import type { Html } from "../components/html.ts";
import { formatDuration } from "../../text/duration.ts";
import type { StoredEntry } from "../../store/store.ts";
import type { FixedRule } from "../worker/status_service.ts";
import { Act, Csrf, type PageContext } from "../components/layout.tsx";
import type { Suggestion } from "./suggestions.ts";
import { Table } from "../components/table.tsx";
import { Text } from "../components/text.tsx";
import { Ago, count } from "../components/time.tsx";

/** How long an entry may last, for a choice. */
const DURATIONS: readonly (readonly [value: string, words: string])[] = [
  ["", "for ever"],
  ["15m", "15 minutes"],
  ["1h", "1 hour"],
  ["1d", "1 day"],
  ["7d", "7 days"],
  ["30d", "30 days"],
  ["365d", "1 year"],
];

function Ends({ entry, now }: { entry: StoredEntry; now: number }): Html {
  if (entry.expires === undefined) return <span>never</span>;
  return entry.expires <= now ? <span>ended</span> : <Ago at={entry.expires} now={now} />;
}

/** The entries of the lists. */
export function EntryTable(
  { frame, rows, empty }: { frame: PageContext; rows: readonly StoredEntry[]; empty: string },
): Html {
  const { prefix, now } = frame;
  return (
    <Table
      caption="Entries of the lists"
      columns={[
        { head: "No.", kind: "number" },
        { head: "List" },
        { head: "About" },
        { head: "Pattern" },
        { head: "Hits", kind: "number" },
        { head: "Last hit" },
        { head: "Ends" },
        { head: "Note" },
        { head: "Added" },
        { head: "What to do", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map((entry) => ({
        key: entry.id,
        cells: [
          entry.id,
          <span class={`mark ${entry.list === "block" ? "reject" : "pass"}`}>{entry.list}</span>,
          entry.matchOn,
          <Text of={entry.pattern} />,
          count(entry.hits),
          entry.lastHit === undefined ? "never" : <Ago at={entry.lastHit} now={now} />,
          <Ends entry={entry} now={now} />,
          <Text of={entry.note} />,
          <span>
            <Ago at={entry.created} now={now} />{" "}
            <span class="quiet">
              by <Text of={entry.addedBy} />
            </span>
          </span>,
          <div class="buttons">
            <a
              class="button"
              href={`${prefix}/lists/${entry.id}`}
              aria-label={`Edit entry ${entry.id}`}
            >
              Edit
            </a>
            <Act
              frame={frame}
              to="/lists/remove"
              fields={{ id: entry.id }}
              label={`Remove entry ${entry.id}`}
            >
              Remove
            </Act>
          </div>,
        ],
      }))}
    />
  );
}

/** The rules of files and of the built-in list. */
export function RuleTable({ rows }: { rows: readonly FixedRule[] }): Html {
  return (
    <Table
      caption="Rules of list files and of the built-in list"
      columns={[
        { head: "About" },
        { head: "Pattern" },
        { head: "Hits", kind: "number" },
        { head: "Why" },
        { head: "Where" },
      ]}
      empty="No list file is set, and the built-in list is switched off."
      rows={rows.map(({ source, matchOn, pattern, why, hits }) => ({
        key: `${source} ${pattern}`,
        cells: [matchOn, <Text of={pattern} />, count(hits), why, <Text of={source} />],
      }))}
    />
  );
}

function Lasts({ id, first = "" }: { id: string; first?: string }): Html {
  return (
    <p class="field">
      <label for={id}>How long</label>
      <select id={id} name="for">
        {DURATIONS.map(([value, words]) => (
          <option value={value} selected={value === first}>{words}</option>
        ))}
      </select>
    </p>
  );
}

function Note({ id, value = "" }: { id: string; value?: string }): Html {
  return (
    <p class="field">
      <label for={id}>Note</label>
      <input id={id} name="note" maxlength={500} value={value} />
    </p>
  );
}

/** What the form for a new entry is filled with. */
export interface NewForm {
  /** The list. */
  readonly list: "allow" | "block" | "always-greylist";
  /** Patterns that fit the mail that it is about; none, if it is about none. */
  readonly suggestions: readonly Suggestion[];
}

/** The form for a new entry. */
export function EntryForm({ frame, form }: { frame: PageContext; form: NewForm }): Html {
  const { list, suggestions } = form;
  return (
    <form method="post" action={`${frame.prefix}/lists/add`} class="sheet">
      <Csrf frame={{ ...frame, path: "/lists" }} />
      <p class="field">
        <label for="list">List</label>
        <select id="list" name="list">
          <option value="allow" selected={list === "allow"}>allow: passes at once</option>
          <option value="block" selected={list === "block"}>block: refused for good</option>
          <option value="always-greylist" selected={list === "always-greylist"}>
            always-greylist: a client that is greylisted whatever its record
          </option>
        </select>
      </p>
      {suggestions.length === 0 ? "" : (
        <fieldset>
          <legend>Whom</legend>
          {suggestions.map(({ matchOn, pattern, words }, at) => (
            <p>
              <label>
                <input
                  type="radio"
                  name="choice"
                  value={`${matchOn} ${pattern}`}
                  checked={at === 0}
                />{" "}
                <strong>
                  <Text of={pattern} />
                </strong>{" "}
                <span class="quiet">{words}</span>
              </label>
            </p>
          ))}
          <p>
            <label>
              <input type="radio" name="choice" value="" /> something else:
            </label>
          </p>
        </fieldset>
      )}
      <p class="field">
        <label for="match_on">About</label>
        <select id="match_on" name="match_on">
          <option value="">what it looks like</option>
          <option value="client">a client</option>
          <option value="sender">a sender</option>
          <option value="recipient">a recipient</option>
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
          A client: 192.0.2.1, 192.0.2.0/24, mail.example.org, org:example.org, spf:example.org. A
          sender or recipient: alice@example.org, example.org, user@. Or an /expression/.
        </small>
      </p>
      <Lasts id="for" />
      <Note id="note" />
      <p>
        <button type="submit">Add it</button>
      </p>
    </form>
  );
}

/** The form that changes an entry. */
export function EditForm({ frame, entry }: { frame: PageContext; entry: StoredEntry }): Html {
  const { expires } = entry;
  const left = expires === undefined
    ? "It never ends now."
    : expires <= frame.now
    ? "It has ended."
    : `It ends in ${formatDuration(expires - frame.now)} now.`;
  return (
    <form method="post" action={`${frame.prefix}/lists/edit`} class="sheet">
      <Csrf frame={{ ...frame, path: "/lists" }} />
      <input type="hidden" name="id" value={String(entry.id)} />
      <p>
        {entry.list} {entry.matchOn}{" "}
        <strong>
          <Text of={entry.pattern} />
        </strong>
      </p>
      <Note id="note" value={entry.note} />
      <p class="field">
        <label for="for">How long from now</label>
        <select id="for" name="for">
          <option value="keep" selected>as it is</option>
          {DURATIONS.map(([value, words]) => <option value={value}>{words}</option>)}
        </select>
        <small>{left}</small>
      </p>
      <p>
        <button type="submit">Change it</button>
      </p>
    </form>
  );
}

/** The form for mail that must come now. */
export function ExpectForm({ frame }: { frame: PageContext }): Html {
  return (
    <form method="post" action={`${frame.prefix}/expect`} class="line">
      <Csrf frame={frame} />
      <label for="expected">Expect mail for</label>
      <input
        id="expected"
        name="recipient"
        type="text"
        required
        maxlength={320}
        placeholder="bob@example.net"
        autocapitalize="off"
        spellcheck={false}
      />
      <label for="expected-for">for</label>
      <select id="expected-for" name="for">
        {DURATIONS.filter(([value]) => value !== "").slice(0, 3).map(([value, words]) => (
          <option value={value}>{words}</option>
        ))}
      </select>
      <button type="submit">No greylisting meanwhile</button>
    </form>
  );
}
