/** The first lines that `db_dump -p` prints. */
export const HEADER = "VERSION=3\nformat=print\ntype=btree\ndb_pagesize=4096\nHEADER=END\n";

/** A database as `db_dump -p` prints it. */
export function dump(...rows: [key: string, value: string][]): string {
  return `${HEADER}${rows.map(([key, value]) => ` ${key}\n ${value}\n`).join("")}DATA=END\n`;
}
