/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * Thread that copies SQLite's write-ahead log into the database: it waits for the disk, and no request
 * should.
 *
 * @module
 */
import { Database } from "@db/sqlite";

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  try {
    const db = new Database(path, { int64: true, create: false });
    try {
      db.exec("PRAGMA busy_timeout = 0");
      // A passive checkpoint never makes a writer wait.
      db.prepare("PRAGMA wal_checkpoint(PASSIVE)").value();
    } finally {
      db.close();
    }
  } catch {
    // The writing connection meets the same error and reports it.
  }
  self.postMessage(null);
};
