import release from "./version.json" with { type: "json" };

/** Semantic Versioning. */
export const VERSION: string = release.version;

/** Release date in milliseconds since the epoch: a correct clock never shows an earlier time. */
export const RELEASED: number = Date.parse(release.released);

/** Written by release/compile.ts beside the bundle of this module. */
const COMMIT_FILE = "commit";

/** The commit that the executable was compiled from; undefined in a checkout, or if built without git. */
export function builtFrom(): string | undefined {
  if (!Deno.build.standalone) return undefined;
  try {
    return Deno.readTextFileSync(`${import.meta.dirname}/${COMMIT_FILE}`).trim() || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
