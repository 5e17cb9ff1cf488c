/** Characters without a width: combining marks, joiners, variation selectors. */
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** Characters of two columns: East Asian characters, full-width forms, emoji. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;

/** Half-width Katakana and Hangul. */
const NARROW = /^[\uff61-\uffdc]$/;

/**
 * Number of terminal columns of a text.
 *
 * @param str a text without control characters.
 */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const char of str) {
    if (char >= " " && char <= "~") width++;
    else if (!NOTHING.test(char)) width += WIDE.test(char) && !NARROW.test(char) ? 2 : 1;
  }
  return width;
}
