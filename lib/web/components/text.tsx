/**
 * Hostile text on a page, and what it is put together to.
 *
 * @module
 */
import type { Html } from "./html.ts";
import { verifiedName } from "../../net/hostname.ts";
import { shorten, visible } from "./visible.ts";

/** Longer than this no text stands in a cell. */
const MOST = 64;

/** A title may be longer, but not as long as an attacker likes. */
const MOST_IN_TITLE = 500;

/** No part is longer, so that no column gets wider than it should. */
const LONGEST_PART = /.{1,22}/gsu;
const TOO_LONG = /\S{23}/u;

/** A hostile text, shortened; the whole of it on hover. */
export function Text({ of, most = MOST }: { of: string; most?: number }): Html {
  const whole = visible(of);
  const short = shorten(whole, most);
  // An address is best broken behind these signs; what has none of them, after so many characters.
  const parts = short.split(/(?<=@)|(?<=\.)(?=\D)/).flatMap((part) =>
    TOO_LONG.test(part) ? part.match(LONGEST_PART)! : [part]
  );
  const shown = parts.map((part, at) =>
    at === 0 ? part : (
      <>
        <wbr />
        {part}
      </>
    )
  );
  if (short === whole) return <bdi>{shown}</bdi>;
  return <bdi title={shorten(whole, MOST_IN_TITLE)}>{shown}</bdi>;
}

/** A sender. */
export function Sender({ of }: { of: string }): Html {
  return of === "" ? <span title="the null sender: a bounce">&lt;&gt;</span> : <Text of={of} />;
}

/** A client by its verified name and its address. */
export function Client(
  { of }: { of: { readonly clientAddress: string; readonly clientName: string } },
): Html {
  if (verifiedName(of.clientName) === undefined) return <Text of={of.clientAddress} />;
  return (
    <>
      <Text of={of.clientName} most={40} />{" "}
      <span class="quiet">
        <Text of={`[${of.clientAddress}]`} />
      </span>
    </>
  );
}
