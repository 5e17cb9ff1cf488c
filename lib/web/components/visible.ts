/**
 * Hostile text made visible: nothing in it hides, turns the direction of writing or piles up; pure.
 * Escaping for HTML is the renderer's.
 *
 * @module
 */

/** More marks than this on one sign pile up over the lines above and below. */
const MAX_MARKS = 3;

const escape = (char: string) => `\\u{${char.codePointAt(0)!.toString(16)}}`;

/**
 * A text in which everything but letters, digits, signs and plain spaces is `\u{hex}`: controls, line
 * ends, bidirectional and invisible characters, what is not assigned, and heaps of marks.
 */
export function visible(text: string): string {
  let marks = 0;
  let shown = "";
  for (const char of text) {
    if (/\p{M}/u.test(char)) {
      shown += ++marks > MAX_MARKS ? escape(char) : char;
      continue;
    }
    marks = 0;
    shown += /[\p{L}\p{N}\p{P}\p{S} ]/u.test(char) && !/[\u115f\u1160\u3164\uffa0\u2800]/.test(char)
      ? char
      : escape(char);
  }
  return shown;
}

/** A text of so many characters at most: a longer one loses its middle, since its end tells more. */
export function shorten(text: string, most: number): string {
  const signs = [...text];
  if (signs.length <= most) return text;
  const head = Math.floor((most - 1) / 2);
  return `${signs.slice(0, head).join("")}…${
    signs.slice(signs.length - (most - 1 - head)).join("")
  }`;
}
