/**
 * Escapes hostile text as `\u{hex}`, so that it can neither break a line, move a cursor, hide, turn
 * the direction of writing nor pile up marks. HTML is escaped by the renderer.
 *
 * @module
 */

const PRINTABLE_ASCII = /^[ -~]*$/;
const SAFE_VALUE = /^[!#-+\--[\]-~]*$/;

function codePoint(char: string): string {
  return `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

function codeUnits(char: string): string {
  let escaped = "";
  for (let at = 0; at < char.length; at++) {
    escaped += `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}

/**
 * Escapes unprintable characters. Printable are letters, marks, digits, punctuation, symbols and the
 * plain space, except characters that are invisible by default, the blank Braille pattern, and a fourth
 * mark on one letter.
 */
function escapeUnprintable(text: string, escape: (char: string) => string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  // Not a constant of the module: V8 takes 3 ms to parse it.
  const unprintable =
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|\p{Default_Ignorable_Code_Point}|\u2800|(?<=\p{M}{3})\p{M}/gu;
  return text.replaceAll(unprintable, escape);
}

/** Escapes a text that stands on one line. */
export function escapeLine(text: string): string {
  return escapeUnprintable(text, codePoint);
}

/** Escapes a text of several lines, and keeps its line feeds. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeLine).join("\n");
}

/** Escapes a value of `key=value, key=value`: also spaces, commas, quotes and backslashes. */
export function escapeValue(value: string): string {
  if (SAFE_VALUE.test(value)) return value;
  return escapeUnprintable(value.replaceAll(/[ ,"\\]/g, codePoint), codePoint);
}

/** Escapes characters inside the strings of a JSON text as JSON does (RFC 8259, section 7). */
export function escapeJson(json: string): string {
  return escapeUnprintable(json, codeUnits);
}
