/**
 * Mutation of well-formed samples, which gets further into a parser than random text does.
 *
 * @module
 */
import fc from "fast-check";

/** Texts at the limits of any parser. */
const EDGE_CASES = [
  "",
  "\0",
  "\n",
  "\r\n",
  "\n\n",
  "\t ",
  "\u202e",
  "\ufeff",
  "\ud800",
  "\u0130",
  "'",
  '"',
  "\\",
  "`",
  "%",
  "%00",
  "-1",
  "0",
  "999999999999999999999999",
  "1e309",
  "NaN",
  "__proto__",
  "constructor",
  "../",
  "(".repeat(50),
  "[".repeat(5000),
  "a".repeat(70_000),
];

interface Edit {
  readonly kind: "insert" | "cut" | "replace" | "repeat" | "move";
  /** A position from 0, the beginning of the text, to 1. */
  readonly at: number;
  readonly to: number;
  readonly length: number;
  readonly text: string;
}

function edited(text: string, { kind, at, to, length, text: other }: Edit): string {
  const from = Math.floor(at * (text.length + 1));
  const [before, taken, after] = [
    text.slice(0, from),
    text.slice(from, from + length),
    text.slice(from + length),
  ];
  switch (kind) {
    case "insert":
      return before + other + taken + after;
    case "cut":
      return before + after;
    case "replace":
      return before + other + after;
    case "repeat":
      return before + taken.repeat(2 + Math.floor(to * 20)) + after;
    case "move": {
      const rest = before + after;
      const place = Math.floor(to * (rest.length + 1));
      return rest.slice(0, place) + taken + rest.slice(place);
    }
  }
}

/**
 * Samples that are edited, joined, or replaced by random text.
 *
 * @param samples well-formed texts.
 * @param words tokens of their grammar.
 */
export function mutated(
  samples: readonly string[],
  words: readonly string[],
): fc.Arbitrary<string> {
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 2, arbitrary: fc.constantFrom(...EDGE_CASES) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme-ascii", maxLength: 40 }) },
  );
  const part = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const edit: fc.Arbitrary<Edit> = fc.record({
    kind: fc.constantFrom("insert", "cut", "replace", "repeat", "move"),
    at: part,
    to: part,
    length: fc.oneof(fc.nat(3), fc.nat(40), fc.nat(400)),
    text: word,
  });
  const sample = fc.array(fc.constantFrom(...samples), { minLength: 1, maxLength: 3 }).map((all) =>
    all.join("")
  );
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(sample, fc.array(edit, { maxLength: 8 })).map(([text, edits]) =>
        edits.reduce(edited, text)
      ),
    },
    {
      weight: 1,
      arbitrary: fc.array(word, { maxLength: 40 }).map((parts) => parts.join("")),
    },
  );
}

/** Encodes a text as UTF-8 or as Latin-1, which often is not valid UTF-8. */
export function bytesOf(text: string, isLatin: boolean): Uint8Array<ArrayBuffer> {
  return isLatin
    ? Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)
    : new TextEncoder().encode(text);
}
