import { reasonOf } from "../text/error_message.ts";

export type DatabaseErrorKind =
  | "corrupt"
  | "foreign"
  | "full"
  | "io"
  | "locked"
  | "newer"
  | "read-only"
  | "unreachable"
  | "other";

const REMEDIES: Readonly<Record<DatabaseErrorKind, string>> = {
  "corrupt": "a running daemon moves it aside and creates a new one",
  "foreign": "set `database` to a file of greylag's own",
  "full": "free some space on that file system",
  "io":
    "the disk fails, or its file system has become read-only: see dmesg, repair it and mount it " +
    "again",
  "locked": "find the program that locks it (fuser, lsof) and stop it",
  "newer": "install the newer greylag again, or set `database` to another file",
  "read-only": "make the file and its directory writable for greylag's user",
  "unreachable": "check that its directory exists and is writable for greylag's user",
  "other": "report this message if it makes no sense",
};

/** A failed operation on the database. The message says what failed, why, and what to do. */
export class DatabaseError extends Error {
  readonly kind: DatabaseErrorKind;

  constructor(kind: DatabaseErrorKind, path: string, reason: string, options?: ErrorOptions) {
    super(`database ${path}: ${reason}; ${REMEDIES[kind]}`, options);
    this.name = "DatabaseError";
    this.kind = kind;
  }
}

/** By the messages of sqlite3_errstr: neither driver passes on the number of the error. */
const SQLITE_MESSAGES: ReadonlyArray<readonly [RegExp, DatabaseErrorKind]> = [
  [/malformed|not a database|file is encrypted/i, "corrupt"],
  [/disk is full|no space left/i, "full"],
  [/disk I\/O error/i, "io"],
  [/locked|busy/i, "locked"],
  [/readonly|read-only/i, "read-only"],
  [
    /unable to open|no such file|(?:not|is) a directory|permission denied|not permitted|sandbox/i,
    "unreachable",
  ],
];

/** Classifies an error of SQLite or of the file system. */
export function databaseErrorOf(error: unknown, path: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const message = reasonOf(error);
  const kind = SQLITE_MESSAGES.find(([pattern]) => pattern.test(message))?.[1] ?? "other";
  return new DatabaseError(kind, path, message, { cause: error });
}
