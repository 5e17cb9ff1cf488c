import manifest from "../../deno.json" with { type: "json" };

/** Semantic Versioning. */
export const VERSION: string = manifest.version;

/** Release date in milliseconds since the epoch: a correct clock never shows an earlier time. */
export const RELEASED: number = Date.parse(manifest.released);
