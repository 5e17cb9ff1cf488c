/**
 * The search for a message.
 *
 * @module
 */
import type { Html } from "../components/html.ts";
import type { PageContext } from "../components/layout.tsx";

/** The field for any part of an address. */
export function SearchForm(
  { frame, text, path = "/search" }: { frame: PageContext; text: string; path?: string },
): Html {
  return (
    <form method="get" action={frame.prefix + path} role="search" class="line">
      <label for="q">Find mail</label>
      <input
        id="q"
        name="q"
        type="search"
        value={text}
        maxlength={320}
        placeholder="any part of an address, host name or IP address"
        autocapitalize="off"
        spellcheck={false}
      />
      <button type="submit">Find</button>
    </form>
  );
}
