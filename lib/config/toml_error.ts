/** Plain words for the TOML parser's errors. They never quote the line, which may be of any file. */
import type { TomlError } from "smol-toml";

type Test = (message: string, line: string) => boolean;

const MESSAGES: readonly (readonly [Test, string])[] = [
  [
    (_, line) => /=\s*\[?\s*[“”„‟‘’‚«»]/.test(line),
    'the quotation marks are typographic. Write straight ones, such as delay = "5m"',
  ],
  [
    (message) => /control characters|unfinished string/.test(message),
    "a closing quotation mark is missing, or the text has a control character",
  ],
  [(message) => /redefine/.test(message), "the setting is already set above"],
  [(message) => /end-of-line/.test(message), "a setting must end at the end of its line"],
  [
    (message) => /escape/.test(message),
    "unknown escape sequence. Write texts with backslashes in '…' instead of \"…\"",
  ],
  [
    (message) => /expected comma|end of structure/.test(message),
    "a comma or a closing bracket is missing",
  ],
  [
    (_, line) => /^\s*\[/.test(line),
    "invalid section header. Greylag has no sections: write settings as NAME = VALUE",
  ],
  [(_, line) => /^[^=]*=\s*(?:#.*)?$/.test(line), "the value is missing"],
  [(_, line) => /=\s*(?:true|false)\b/i.test(line), "write true and false in lower case"],
  [
    (message) => /invalid value|numeric|leading zero|date/.test(message),
    "the value must be in quotation marks, unless it is a number, true, false or a list. " +
    'Write delay = "5m"',
  ],
  [
    (message, line) => /key/.test(message) && !line.includes("="),
    'this is not NAME = VALUE, such as delay = "5m"',
  ],
  [(message) => /key/.test(message), "invalid name of a setting"],
];

/** @param text of the whole file. */
export function describeTomlError({ message, line }: TomlError, text: string): string {
  const content = text.split("\n")[line - 1] ?? "";
  const [first = ""] = message.replace(/^Invalid TOML document: /, "").split("\n");
  return MESSAGES.find(([test]) => test(first, content))?.[1] ?? first;
}
