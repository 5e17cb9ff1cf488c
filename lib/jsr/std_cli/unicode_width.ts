/** Characters without a width: combining marks, joiners, variation selectors. */
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** What takes two columns: the signs of East Asia, their full-width forms, pictures. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;

/** Katakana and Hangul of half the width. */
const NARROW = /^[\uff61-\uffdc]$/;

/**
 * How many columns of a terminal a text takes.
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
