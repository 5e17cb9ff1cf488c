/**
 * Adds the policy check to a restriction list, or corrects the one that is there. Comments, line breaks and
 * all other restrictions stay as they are written.
 *
 * @module
 */
import {
  type ListContext,
  listTokens,
  ownServices,
  policyServices,
  recommended,
  splitRestrictions,
  type Token,
  unsafeDefaultAction,
  withSafeAction,
} from "./restrictions.ts";

/** Restrictions that decide about every recipient, so that later ones are never reached. */
const TERMINAL = new Set(["permit", "reject", "defer"]);

/** Restrictions that belong before the check: about own users, and against relaying. */
export const EARLIER = [
  "permit_mynetworks",
  "permit_sasl_authenticated",
  "reject_unauth_destination",
  "defer_unauth_destination",
] as const;

const DEFAULT_LIST = "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination";

/** The first restriction that decides about every recipient. */
export function terminalOf(words: readonly string[]): string | undefined {
  return words[endOf(words)];
}

/** Index of the first restriction that decides about every recipient, or the length of the list. */
function endOf(words: readonly string[]): number {
  const at = words.findIndex((word) => TERMINAL.has(word));
  return at === -1 ? words.length : at;
}

/** The separator of restrictions, as the list has it. */
function separatorOf(value: string, tokens: readonly Token[]): string {
  const gaps = tokens.slice(1).map(({ start }, at) => value.slice(tokens[at]!.end, start));
  const comma = gaps.length === 0 || gaps.some((gap) => /^\s*,/.test(gap)) ? "," : "";
  const indented = /\n([ \t]+)[^\s#][^\n]*$/.exec(value) ?? /\n([ \t]+)[^\s#]/.exec(value);
  return indented === null ? `${comma} ` : `${comma}\n${indented[1]}`;
}

/** Inserts a restriction behind a number of words. */
function insertAt(value: string, index: number, restriction: string): string {
  const tokens = listTokens(value);
  const separator = separatorOf(value, tokens);
  const next = tokens[index];
  if (index > 0) {
    const { end } = tokens[index - 1]!;
    return value.slice(0, end) + separator + restriction + value.slice(end);
  }
  if (next === undefined) return `${value.replace(/[^\S\n]+$/, "")} ${restriction}`;
  return value.slice(0, next.start) + restriction + separator + value.slice(next.start);
}

/** Removes the words from one index to another, with the separator before them. */
function removeWords(value: string, from: number, to: number): string {
  const tokens = listTokens(value);
  const { end } = tokens[to - 1]!;
  const { start } = tokens[from]!;
  const previous = tokens[from - 1];
  if (previous === undefined) {
    return value.slice(0, start) + value.slice(tokens[to]?.start ?? end);
  }
  const gap = value.slice(previous.end, start);
  // A comment before the words stays.
  const kept = gap.includes("#") ? gap.replace(/\n?[ \t]*$/, "") : "";
  return value.slice(0, previous.end) + kept + value.slice(end);
}

/** Removes every check of Greylag. */
export function withoutOwn(value: string, context: ListContext): string {
  let text = value;
  for (let own; (own = ownServices(text, context)[0]) !== undefined;) {
    text = removeWords(text, own.position, own.position + 2);
  }
  return text;
}

function replaceService(value: string, position: number, service: string): string {
  const tokens = listTokens(value);
  return value.slice(0, tokens[position]!.start) + service +
    value.slice(tokens[position + 1]!.end);
}

/** Whether the check is reached, and only for mail from other servers to own domains. */
function isWellPlaced(value: string, position: number): boolean {
  const words = splitRestrictions(value);
  return position < endOf(words) && !EARLIER.some((word) => words.indexOf(word) > position);
}

/** Adds the check at its place: before the first restriction that decides about every recipient. */
function addCheck(value: string, check: string, context: ListContext): string {
  const words = splitRestrictions(value);
  if (words.length === 0) return insertAt(value, 0, `${DEFAULT_LIST}, ${check}`);
  const before = words.slice(0, endOf(words)).join(" ");
  const isProtected = /\b(?:reject|defer)_unauth_destination\b/.test(context.expand(before));
  const text = isProtected ? value : insertAt(value, endOf(words), "reject_unauth_destination");
  return insertAt(text, endOf(splitRestrictions(text)), check);
}

/**
 * The list of recipient restrictions with one check of Greylag that is reached and lets mail pass while
 * Greylag is stopped. A check of `context.replacedEndpoints` gives way to it.
 *
 * @returns the same text if nothing has to change.
 */
export function repairList(value: string, context: ListContext): string {
  const [own] = ownServices(value, context);
  const [main] = context.endpoints;
  if (own === undefined && ownServices(context.expand(value), context).length > 0) return value;
  let text = value;
  if (own === undefined) {
    const old = policyServices(value)
      .find(({ endpoint }) => context.replacedEndpoints.has(endpoint));
    if (old === undefined) return addCheck(value, recommended(main!), context);
    text = replaceService(value, old.position, recommended(main!));
  } else if (unsafeDefaultAction(own, context) !== undefined) {
    text = replaceService(value, own.position, withSafeAction(own));
  }
  const [service] = ownServices(text, context);
  if (isWellPlaced(text, service!.position)) return text;
  const check = listTokens(text)[service!.position + 1]!.text;
  const without = removeWords(text, service!.position, service!.position + 2);
  return addCheck(without, `check_policy_service ${check}`, context);
}

/** The list with the check before everything else, as the submission service needs it. */
export function prependCheck(value: string, check: string): string {
  return insertAt(value, 0, check);
}
