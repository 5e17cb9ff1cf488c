/**
 * Which Greylag this is.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };

/** The version, as `deno.json` has it (Semantic Versioning). */
export const VERSION: string = manifest.version;

/** When this version was made, in milliseconds since the epoch: no right clock shows less. */
export const RELEASED: number = Date.UTC(2026, 10, 1);
