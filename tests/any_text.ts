/**
 * Arbitrary texts of any code points, lone surrogates included. Much faster to set up than fast-check's
 * unit `binary`, which lists them all.
 *
 * @module
 */
import fc from "fast-check";

const codePoint = fc.oneof(
  fc.nat({ max: 0xff }),
  fc.nat({ max: 0xffff }),
  fc.nat({ max: 0x10ffff }),
).map((value) => String.fromCodePoint(value));

export function anyText(maxLength = 100): fc.Arbitrary<string> {
  return fc.string({ unit: codePoint, maxLength });
}
