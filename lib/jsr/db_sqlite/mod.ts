/**
 * A stand-in for the part of `@db/sqlite` that this project uses. The published package downloads a
 * native library when it first runs and needs `--allow-ffi`; this one uses Deno's
 * own SQLite (`node:sqlite`) and needs neither.
 *
 * @module
 */
export { Database, type DatabaseOpenOptions } from "./database.ts";
export { type BindValue, type RestBindParameters, Statement } from "./statement.ts";
