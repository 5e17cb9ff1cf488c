/**
 * Host name patterns: `*` stands for any characters within its label, and a name matches only with the
 * same number of labels.
 *
 * @module
 */

/** The labels right of the last `*`; the whole name if it has none. */
export function fixedSuffix(glob: string): string {
  const labels = glob.split(".");
  return labels.slice(labels.findLastIndex((label) => label.includes("*")) + 1).join(".");
}

function expressionOf(glob: string): RegExp {
  const source = glob.split(".")
    .map((label) => label.split("*").map((text) => RegExp.escape(text)).join("[^.]*"))
    .join("\\.");
  return new RegExp(`^${source}$`);
}

/** The name itself and every domain above it, longest first. */
export function* suffixesOf(name: string): Generator<string> {
  if (name !== "") yield name;
  for (let at = name.indexOf("."); at !== -1; at = name.indexOf(".", at + 1)) {
    if (at + 1 < name.length) yield name.slice(at + 1);
  }
}

/** Values by glob. A lookup hashes each suffix of the name, and tries the globs that end in it. */
export class GlobMap<V> {
  readonly #bySuffix = new Map<string, { readonly expression: RegExp; readonly value: V }[]>();

  get size(): number {
    return this.#bySuffix.size;
  }

  add(glob: string, value: V): void {
    const suffix = fixedSuffix(glob);
    const entries = this.#bySuffix.get(suffix) ?? [];
    entries.push({ expression: expressionOf(glob), value });
    this.#bySuffix.set(suffix, entries);
  }

  /** The values of the globs with the longest fixed suffix that match a name in lower case. */
  find(name: string): V[] {
    if (this.#bySuffix.size === 0) return [];
    for (const suffix of suffixesOf(name)) {
      const found = this.#bySuffix.get(suffix)?.filter(({ expression }) => expression.test(name));
      if (found !== undefined && found.length > 0) return found.map(({ value }) => value);
    }
    return [];
  }
}
