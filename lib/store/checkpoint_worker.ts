/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * Copies SQLite's write-ahead log into the database, in a thread of its own: it waits for the disk,
 * and no request should.
 *
 * @module
 */
import { Database } from "@db/sqlite";

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  try {
    const db = new Database(path, { int64: true, create: false });
    try {
      db.exec("PRAGMA busy_timeout = 0");
      // Passive: takes what it can get and never makes a writer wait.
      db.prepare("PRAGMA wal_checkpoint(PASSIVE)").value();
    } finally {
      db.close();
    }
  } catch {
    // The connection that writes sees the same trouble, and tells of it.
  }
  self.postMessage(null);
};
