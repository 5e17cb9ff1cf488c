/**
 * Which Greylag this is.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };

/** The version, as `deno.json` has it (Semantic Versioning). */
export const VERSION: string = manifest.version;
