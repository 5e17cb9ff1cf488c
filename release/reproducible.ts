/**
 * Makes executables reproducible. Builds of the same files by `deno compile --bundle` differ in the
 * random names of the bundled modules and in the modification times of all files, and in nothing else.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Begins the part that Deno appends to its runtime, as far as it differs. */
const MARKER = '"entrypoint_key":".deno_compile_bundle_';

/** Entries of the embedded file system that stand side by side; `o` is offset and length. */
const MODULES = /(?:,?\{"File":\{"n":"\.deno_compile_\w+\.mjs","o":\[\d+,\d+\],[^{}]*\}\})+/;
const MODULE = /\{"File":\{"n":"\.deno_compile_(\w+)\.mjs","o":\[(\d+),\d+\],[^{}]*\}\}/g;

const TIME = /(?<="u":(?:true|false),(?:"[a-z]":\[\d+,\d+\],)*"t":)\d{13}(?=\})/g;

/**
 * Names the bundled modules by the order of their content and gives all files one modification time.
 * Every length stays, so that offsets stay valid. Not for macOS, where a signature covers these bytes.
 *
 * @param time in milliseconds since the epoch.
 * @throws {Error} if the file is not as Deno 2.9 writes it.
 */
export function reproducible(executable: Uint8Array, time: number): Uint8Array {
  const buffer = Buffer.from(executable.buffer, executable.byteOffset, executable.length);
  const at = buffer.lastIndexOf(Buffer.from(MARKER));
  let text = at < 0 ? "" : buffer.toString("latin1", at);
  const found = MODULES.exec(text)?.[0];
  if (found === undefined) {
    throw new Error("no bundled modules found: is this a build of Deno 2.9?");
  }
  const modules = [...found.matchAll(MODULE)].map(([entry, name, offset]) => ({
    entry,
    name: name!,
    offset: Number(offset),
  })).sort((a, b) => a.offset - b.offset);
  // The file system is searched by name: a bundle sorts before the workers.
  const renamed = modules.map(({ entry, name }, order) => {
    const next = name.replace(/[0-9a-f]{8}$/, String(order).padStart(8, "0"));
    text = text.replaceAll(name, next);
    return entry.replace(name, next);
  }).sort();
  text = text.replace(MODULES, () => renamed.join(",")).replaceAll(TIME, () => String(time));
  if (text.length !== buffer.length - at) throw new Error("the length has changed");
  return Buffer.concat([buffer.subarray(0, at), Buffer.from(text, "latin1")]);
}
