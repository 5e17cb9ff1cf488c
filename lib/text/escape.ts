/**
 * Escapes hostile text as `\u{hex}`, so that it can neither break a line, move a cursor, hide, turn
 * the direction of writing nor pile up marks. HTML is escaped by the renderer.
 *
 * @module
 */

/**
 * Printable: letters, marks, digits, punctuation, symbols and the plain space, without characters
 * that are invisible by default, the blank Braille pattern, and a fourth mark on one letter.
 */
const UNPRINTABLE =
  /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|\p{Default_Ignorable_Code_Point}|\u2800|(?<=\p{M}{3})\p{M}/gu;

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

/** Escapes a text that stands on one line. */
export function escapeLine(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replaceAll(UNPRINTABLE, codePoint);
}

/** Escapes a text of several lines, and keeps its line feeds. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeLine).join("\n");
}

/** Escapes a value of `key=value, key=value`: also spaces, commas, quotes and backslashes. */
export function escapeValue(value: string): string {
  if (SAFE_VALUE.test(value)) return value;
  return value.replaceAll(/[ ,"\\]/g, codePoint).replaceAll(UNPRINTABLE, codePoint);
}

/** Escapes characters inside the strings of a JSON text as JSON does (RFC 8259, section 7). */
export function escapeJson(json: string): string {
  return PRINTABLE_ASCII.test(json) ? json : json.replaceAll(UNPRINTABLE, codeUnits);
}
