/**
 * Hostile text on a page: escaped, shortened and breakable.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { verifiedName } from "../../net/hostname.ts";
import { escapeLine } from "../../text/escape.ts";

const MAX_LENGTH = 64;
const MAX_TITLE_LENGTH = 500;

/** Longer parts without a break would widen their column. */
const PART = /.{1,22}/gsu;
const LONG_PART = /\S{23}/u;

/** Cuts out the middle of a text beyond a number of code points: the end of an address tells more. */
export function shorten(text: string, maxLength: number): string {
  const chars = [...text];
  if (chars.length <= maxLength) return text;
  const head = Math.floor((maxLength - 1) / 2);
  const tail = maxLength - 1 - head;
  return `${chars.slice(0, head).join("")}…${chars.slice(chars.length - tail).join("")}`;
}

/** Parts between which a line may break: after `@` and dots, and within long parts. */
function partsOf(text: string): string[] {
  return text.split(/(?<=@)|(?<=\.)(?=\D)/).flatMap((part) =>
    LONG_PART.test(part) ? part.match(PART)! : [part]
  );
}

/** A hostile text; the title of a shortened one has the whole. */
export function Text(
  { of, maxLength = MAX_LENGTH }: { of: string; maxLength?: number },
): JSX.Element {
  const whole = escapeLine(of);
  const short = shorten(whole, maxLength);
  const parts = partsOf(short).map((part, at) =>
    at === 0 ? part : (
      <>
        <wbr />
        {part}
      </>
    )
  );
  if (short === whole) return <bdi>{parts}</bdi>;
  return <bdi title={shorten(whole, MAX_TITLE_LENGTH)}>{parts}</bdi>;
}

/** Code points at the end of a text that are never cut. */
const TAIL = 18;

/** Start of the part that is never cut: the domain of an address, or the last characters. */
function tailOf(chars: readonly string[]): number {
  const at = chars.lastIndexOf("@");
  if (at > 0 && chars.length - at <= 2 * TAIL) return at;
  return chars.length <= TAIL ? 0 : chars.length - TAIL;
}

/**
 * An address, host name or network on one line. The style sheet cuts out its middle where there is no
 * room, so that a selection copies all of it; it is whole while it has the focus.
 */
export function Address({ of }: { of: string }): JSX.Element {
  const whole = shorten(escapeLine(of), MAX_TITLE_LENGTH);
  const chars = [...whole];
  const tail = tailOf(chars);
  return (
    <bdi class="address" title={whole}>
      {tail === 0 ? "" : <span>{chars.slice(0, tail).join("")}</span>}
      <span>{chars.slice(tail).join("")}</span>
    </bdi>
  );
}

export function Sender({ of }: { of: string }): JSX.Element {
  return of === "" ? <span title="null sender (bounce)">&lt;&gt;</span> : <Address of={of} />;
}

type ClientText = { readonly clientAddress: string; readonly clientName: string };

/** A client's verified name and address. */
export function Client({ of }: { of: ClientText }): JSX.Element {
  if (verifiedName(of.clientName) === undefined) return <Address of={of.clientAddress} />;
  return (
    <span class="lines">
      <Address of={of.clientName} />
      <span class="muted">
        <Address of={of.clientAddress} />
      </span>
    </span>
  );
}
