/**
 * Adds values to an array of a configuration file, and keeps its comments and its order; pure.
 *
 * @module
 */
import { parse as parseToml } from "smol-toml";

/** The places of a TOML array that an edit needs, as offsets into the text. */
interface ArrayPlaces {
  /** Behind the last value; undefined for an empty array. */
  readonly lastValue: number | undefined;
  readonly endsWithComma: boolean;
  /** The closing bracket. */
  readonly close: number;
}

/** One token of an array: a comment, a string, white space or a single character. */
const TOKEN = /#[^\n]*|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\s+|./gsy;

/** @returns undefined if the array holds anything but strings on single lines. */
function placesOf(text: string, open: number): ArrayPlaces | undefined {
  TOKEN.lastIndex = open + 1;
  let lastValue: number | undefined;
  let endsWithComma = false;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [token] = match;
    if (token === "]") return { lastValue, endsWithComma, close: match.index };
    if (token === ",") {
      endsWithComma = true;
    } else if (/^["']./s.test(token)) {
      lastValue = TOKEN.lastIndex;
      endsWithComma = false;
    } else if (!/^[\s#]/.test(token)) {
      return undefined;
    }
  }
  return undefined;
}

/** The white space at the beginning of the line that holds an offset. */
function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))![0];
}

function extended(text: string, open: number, added: readonly string[]): string | undefined {
  const places = placesOf(text, open);
  if (places === undefined) return undefined;
  const { lastValue, endsWithComma, close } = places;
  if (lastValue === undefined) {
    return text.slice(0, close) + added.join(", ") + text.slice(close);
  }
  const comma = endsWithComma ? "" : ",";
  const head = text.slice(0, lastValue) + comma + text.slice(lastValue, close);
  const lineStart = text.lastIndexOf("\n", close - 1) + 1;
  const isOwnLine = lineStart > open && text.slice(lineStart, close).trim() === "";
  if (!isOwnLine) {
    const gap = /\s$/.test(head) ? "" : " ";
    return head + gap + added.join(", ") + text.slice(close);
  }
  const newline = text.slice(0, lineStart).endsWith("\r\n") ? "\r\n" : "\n";
  const indent = indentAt(text, lastValue - 1);
  const lines = added.map((value) => `${indent}${value},${newline}`).join("");
  const keptLines = head.slice(0, lineStart + comma.length);
  return keptLines + lines + text.slice(lineStart);
}

/** The text with a new line, before the first table if there is one. */
function withLine(text: string, line: string): string {
  const table = /^[ \t]*\[/m.exec(text)?.index;
  if (table !== undefined) return `${text.slice(0, table)}${line}\n${text.slice(table)}`;
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return parseToml(text);
  } catch {
    return undefined;
  }
}

/** A setting in TOML: its strings are those of JSON, its tables inline. */
export function asToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asToml).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, field]) =>
    `${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)} = ${asToml(field)}`
  );
  return `{ ${fields.join(", ")} }`;
}

/** The line that sets an array. */
export function arrayLine(name: string, values: readonly string[]): string {
  return `${name} = ${asToml(values)}`;
}

/**
 * Adds the values that an array of strings lacks. The result is checked: nothing else changes.
 *
 * @returns the same text if it lacks none; undefined if the text cannot be edited safely.
 */
export function addToArray(
  text: string,
  name: string,
  values: readonly string[],
): string | undefined {
  const before = parsed(text);
  const stored = before?.[name] ?? [];
  if (before === undefined || !Array.isArray(stored)) return undefined;
  const missing = values.filter((value) => !stored.includes(value));
  if (missing.length === 0) return text;
  const wanted = { ...before, [name]: [...stored, ...missing] };
  const assignment = new RegExp(`^[ \\t]*(?:${name}|"${name}"|'${name}')[ \\t]*=[ \\t]*\\[`, "m")
    .exec(text);
  const edited = before[name] === undefined
    ? withLine(text, arrayLine(name, missing))
    : assignment === null
    ? undefined
    : extended(
      text,
      assignment.index + assignment[0].length - 1,
      missing.map((value) => JSON.stringify(value)),
    );
  if (edited === undefined) return undefined;
  return isEqual(parsed(edited), wanted) ? edited : undefined;
}

function isEqual(one: unknown, other: unknown): boolean {
  const sorted = (_: string, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
      : value;
  return JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
}
