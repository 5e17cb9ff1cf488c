/**
 * What can be wrong with a store, in words that help.
 *
 * @module
 */

/** The kinds of illness. */
export type FaultKind =
  | "corrupt"
  | "foreign"
  | "full"
  | "io"
  | "locked"
  | "newer"
  | "read-only"
  | "unreachable"
  | "other";

const ADVICE: Readonly<Record<FaultKind, string>> = {
  "corrupt": "it will be set aside and a fresh one begun",
  "foreign": "set `database` to a file of greylag's own",
  "full": "free some space on that file system",
  "io":
    "the disk fails, or its file system has become read-only: dmesg tells; mend it and mount it " +
    "again",
  "locked": "find the program that keeps it locked (fuser, lsof) and end it",
  "newer": "install the newer greylag again, or set `database` to another file",
  "read-only": "make the file and its directory writable for greylag's user",
  "unreachable": "check that its directory exists and is writable for greylag's user",
  "other": "look at the message, and report it if it makes no sense",
};

/** A store that cannot do what it was asked. */
export class StoreFault extends Error {
  /** What is wrong. */
  readonly kind: FaultKind;
  /** Where: the path of the database. */
  readonly where: string;

  /** A fault whose message says what happened, where, and what to do. */
  constructor(kind: FaultKind, where: string, what: string, options?: ErrorOptions) {
    super(`database ${where}: ${what}; ${ADVICE[kind]}`, options);
    this.name = "StoreFault";
    this.kind = kind;
    this.where = where;
  }
}

/** SQLite's own messages (sqlite3_errstr); neither driver passes the number of the error on. */
const SQLITE_MESSAGES: ReadonlyArray<readonly [RegExp, FaultKind]> = [
  [/malformed|not a database|file is encrypted/i, "corrupt"],
  [/disk is full/i, "full"],
  [/disk I\/O error/i, "io"],
  [/locked|busy/i, "locked"],
  [/readonly|read-only/i, "read-only"],
  [/unable to open/i, "unreachable"],
];

/** The fault that an error of SQLite, or of the file system below it, amounts to. */
export function faultOf(error: unknown, path: string): StoreFault {
  if (error instanceof StoreFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  const kind = SQLITE_MESSAGES.find(([pattern]) => pattern.test(message))?.[1] ?? "other";
  return new StoreFault(kind, path, message, { cause: error });
}
