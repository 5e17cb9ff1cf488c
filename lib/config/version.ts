// Not deno.json: `deno compile --bundle` takes the commands of its tasks for entry points of threads.
import release from "./version.json" with { type: "json" };

/** Semantic Versioning. */
export const VERSION: string = release.version;

/** Release date in milliseconds since the epoch: a correct clock never shows an earlier time. */
export const RELEASED: number = Date.parse(release.released);

/** Where release/compile.ts puts the commit, in the root of the executable's file system. */
const COMMIT_FILE = "dist/commit";

/** The commit that the executable was compiled from; undefined in a checkout, or if built without git. */
export function builtFrom(): string | undefined {
  // The bundle lies in the root. In a checkout the file may be left from an earlier build.
  if (!Deno.build.standalone) return undefined;
  try {
    // For a URL from `import.meta.url` the compiler would include every file below the directory.
    return Deno.readTextFileSync(`${import.meta.dirname}/${COMMIT_FILE}`).trim() || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
