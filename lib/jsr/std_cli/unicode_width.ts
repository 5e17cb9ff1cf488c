/** Characters without a width: controls, combining marks, joiners, Hangul vowels and finals. */
const NOTHING = /^[\p{Cc}\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]$/u;

/** Characters of two columns: emoji, and the blocks of East Asian width W and F (UAX #11). */
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u3247\u3250-\u4dff\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f210}-\u{1f23b}\u{20000}-\u{3fffd}]$/u;

/**
 * Number of terminal columns of a text.
 *
 * @param str a text without escape sequences.
 */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const char of str) {
    if (char >= " " && char <= "~") width++;
    else if (!NOTHING.test(char)) width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}
