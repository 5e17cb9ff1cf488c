import { AccessError, type Configuration } from "../config/load.ts";
import { NOTHING } from "../greylist/memory.ts";
import type { ImportStore } from "../import/write.ts";
import { createDatabase } from "../store/create.ts";
import type { StoreSettings } from "../store/open.ts";
import { withStore } from "./invocation.ts";
import type { Output } from "./output.ts";

const EMPTY_STORE: ImportStore = {
  greylist: { exchange: (judge) => void judge(NOTHING) },
  lists: { entries: () => [], add: () => {} },
};

/** @throws {AccessError} if permission is missing. */
function create(settings: StoreSettings): void {
  try {
    createDatabase(settings);
  } catch (error) {
    const isDenied = error instanceof Error && error.cause instanceof Deno.errors.PermissionDenied;
    throw isDenied ? new AccessError(settings.database) : error;
  }
}

/** Runs a body with the database, which is created unless this is a dry run. */
export async function withImportStore(
  configuration: Configuration,
  isDry: boolean,
  output: Output,
  body: (store: ImportStore) => Promise<void>,
): Promise<void> {
  const { database, privacy } = configuration.values;
  try {
    Deno.statSync(database);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw new AccessError(database);
    if (error instanceof Deno.errors.NotFound) {
      if (isDry) return await body(EMPTY_STORE);
      create({ database, privacy });
      output.complain(`greylag: created ${database}\n`);
    }
  }
  await withStore(configuration, body);
}
