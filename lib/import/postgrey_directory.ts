/**
 * postgrey's directory, `/var/lib/postgrey` on Debian. Its Berkeley DB files need `db_dump`, in the
 * environment of the directory: a running postgrey has pages that are in no file yet.
 *
 * @module
 */
import { directoryOf } from "../text/path.ts";
import { shellWord } from "../text/shell_word.ts";

/** postgrey's databases, and the names of their dumps in the documents. */
const DUMPS: readonly (readonly [database: string, dump: string])[] = [
  ["postgrey.db", "triplets.txt"],
  ["postgrey_clients.db", "clients.txt"],
];

const isFile = (path: string) => {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
};

/** Magic numbers of Berkeley DB: btree and hash, at byte 12 in the byte order of the host. */
const MAGICS: readonly number[] = [0x053162, 0x061561];

function isBerkeleyDb(path: string): boolean {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(16);
  if (file.readSync(bytes) !== bytes.length) return false;
  const view = new DataView(bytes.buffer);
  return MAGICS.includes(view.getUint32(12, true)) || MAGICS.includes(view.getUint32(12));
}

/** Dumps to read at a path, or the commands that make them. */
export type PostgreyPath =
  /** Dumps to read. */
  | { readonly kind: "dumps"; readonly paths: readonly string[] }
  /** Commands that dump the databases, and the dumps that they write. */
  | {
    readonly kind: "databases";
    readonly commands: readonly string[];
    readonly dumps: readonly string[];
  }
  /** A directory of something else. */
  | { readonly kind: "nothing" };

/** @param path a dump, a database of postgrey, or the directory of either. */
export function inspectPostgreyPath(path: string): PostgreyPath {
  if (path === "-") return { kind: "dumps", paths: [path] };
  const info = Deno.statSync(path);
  if (!info.isDirectory) {
    // A pipe cannot be read twice.
    if (!info.isFile || !isBerkeleyDb(path)) return { kind: "dumps", paths: [path] };
    return dumpCommands(directoryOf(path));
  }
  const directory = path.replace(/(?<=.)\/+$/, "");
  const dumps = DUMPS.map(([, dump]) => `${directory}/${dump}`).filter(isFile);
  return dumps.length > 0 ? { kind: "dumps", paths: dumps } : dumpCommands(directory);
}

function dumpCommands(directory: string): PostgreyPath {
  const found = DUMPS.filter(([database]) => isFile(`${directory}/${database}`));
  if (found.length === 0) return { kind: "nothing" };
  const commands = found.map(([database, dump]) =>
    `db_dump -h ${shellWord(directory)} -p ${database} > ${dump}`
  );
  return { kind: "databases", commands, dumps: found.map(([, dump]) => dump) };
}
