/**
 * Well-known senders: the table's columns, and the lookup by host name and by SPF domain.
 *
 * @module
 */

/** What a sender's mail is. */
export type SenderKind = "mailbox" | "bulk" | "notices" | "lists" | "relay";

/**
 * Hosts of one provider, by their verified names. A pattern without `*` matches the name and every
 * name below it. In a pattern with `*`, each `*` stands for any characters within its label, and
 * only names of the same number of labels match.
 */
export type HostRow = readonly [
  provider: string,
  pattern: string,
  /** The name of a real host. */
  example: string,
  /** Where such names stand. */
  source: string,
  /** Year of the newest evidence. */
  year: number,
];

/**
 * SPF records of one provider. A record matches if one of its own terms authorises the client, not
 * through an `include` or `redirect`. `*` is as in host patterns; without it only the domain itself
 * matches.
 */
export type ViaRow = readonly [
  provider: string,
  pattern: string,
  /** A page or an SPF record of the provider that names the record. */
  source: string,
  /** Year of the newest copy seen. */
  year: number,
];

/** The list as it is shipped. */
export interface WellKnownTable {
  /** When it was last checked as a whole: a date of ISO 8601. */
  readonly checked: string;
  readonly hosts: Readonly<Record<SenderKind, readonly HostRow[]>>;
  readonly via: Readonly<Record<SenderKind, readonly ViaRow[]>>;
}

/** One entry of the list. */
export interface WellKnownSender {
  readonly provider: string;
  readonly kind: SenderKind;
  readonly matchOn: "host" | "via";
  readonly pattern: string;
  readonly source: string;
  readonly year: number;
  readonly checked: string;
}

/** The table's rows as entries, hosts first. */
export function wellKnownSenders({ checked, hosts, via }: WellKnownTable): WellKnownSender[] {
  const kinds = Object.keys(hosts) as SenderKind[];
  return [
    ...kinds.flatMap((kind) =>
      hosts[kind].map(([provider, pattern, _example, source, year]) => (
        { provider, kind, matchOn: "host" as const, pattern, source, year, checked }
      ))
    ),
    ...kinds.flatMap((kind) =>
      via[kind].map(([provider, pattern, source, year]) => (
        { provider, kind, matchOn: "via" as const, pattern, source, year, checked }
      ))
    ),
  ];
}

/** The labels of a pattern right of the last `*`; the whole pattern if it has none. */
export function fixedSuffix(pattern: string): string {
  const labels = pattern.split(".");
  return labels.slice(labels.findLastIndex((label) => label.includes("*")) + 1).join(".");
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.split(".")
    .map((label) => label.split("*").map((text) => RegExp.escape(text)).join("[^.]*"))
    .join("\\.");
  return new RegExp(`^${source}$`);
}

/** The name itself and every domain above it, longest first. */
function* suffixesOf(name: string): Generator<string> {
  yield name;
  for (let at = name.indexOf("."); at !== -1; at = name.indexOf(".", at + 1)) {
    yield name.slice(at + 1);
  }
}

interface Glob {
  readonly expression: RegExp;
  readonly sender: WellKnownSender;
}

/** Well-known senders that can be looked up. Names are in lower case, without a final dot. */
export class WellKnownSenders {
  readonly #plain = { host: new Map<string, WellKnownSender>(), via: new Map() };
  /** By the fixed suffix of the pattern. */
  readonly #globs = { host: new Map<string, Glob[]>(), via: new Map<string, Glob[]>() };

  constructor(senders: Iterable<WellKnownSender>) {
    for (const sender of senders) {
      const { matchOn, pattern } = sender;
      if (!pattern.includes("*")) {
        this.#plain[matchOn].set(pattern, sender);
        continue;
      }
      const suffix = fixedSuffix(pattern);
      const globs = this.#globs[matchOn].get(suffix) ?? [];
      globs.push({ expression: expressionOf(pattern), sender });
      this.#globs[matchOn].set(suffix, globs);
    }
  }

  /** @param name the client's verified (forward-confirmed) host name. */
  findHost(name: string): WellKnownSender | undefined {
    for (const suffix of suffixesOf(name)) {
      const sender = this.#plain.host.get(suffix);
      if (sender !== undefined) return sender;
    }
    return this.#findGlob("host", name);
  }

  /** @param domain the domain of the SPF record whose own term matched the client. */
  findVia(domain: string): WellKnownSender | undefined {
    return this.#plain.via.get(domain) ?? this.#findGlob("via", domain);
  }

  #findGlob(matchOn: "host" | "via", name: string): WellKnownSender | undefined {
    for (const suffix of suffixesOf(name)) {
      const glob = this.#globs[matchOn].get(suffix)
        ?.find(({ expression }) => expression.test(name));
      if (glob !== undefined) return glob.sender;
    }
    return undefined;
  }
}
