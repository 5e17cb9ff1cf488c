/**
 * A stand-in for the part of `@std/net` that this project uses, for machines that cannot reach JSR.
 *
 * @module
 */
export * from "./get_available_port.ts";
