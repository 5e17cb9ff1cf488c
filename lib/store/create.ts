import { directoryOf } from "../text/path.ts";
import { openStore, type StoreSettings } from "./open.ts";

/**
 * Creates an empty database for a daemon of another user: root gives it to the owner of its directory.
 *
 * @throws {DatabaseError} if it cannot be created.
 */
export function createDatabase(settings: StoreSettings): void {
  const { database, privacy } = settings;
  openStore(settings).close();
  const { uid, gid } = Deno.statSync(directoryOf(database));
  if (Deno.statSync(database).uid === uid || uid === null || gid === null) return;
  for (const path of [database, ...privacy ? [`${database}.key`] : []]) {
    Deno.chownSync(path, uid, gid);
  }
}
