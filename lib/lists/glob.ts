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

/** The domain above a name; empty for a name of one label. */
export function domainAbove(name: string): string {
  const dot = name.indexOf(".");
  return dot === -1 ? "" : name.slice(dot + 1);
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
  find(name: string): readonly V[] {
    for (let suffix = name; suffix !== ""; suffix = domainAbove(suffix)) {
      const entries = this.#bySuffix.get(suffix);
      if (entries === undefined) continue;
      const found = entries.filter(({ expression }) => expression.test(name));
      if (found.length > 0) return found.map(({ value }) => value);
    }
    return [];
  }
}
