import type { Statement } from "@db/sqlite";
import type { ReputationPart } from "../greylist/merge.ts";

/** The statement of {@linkcode readParts}. */
export const PARTS = "SELECT part FROM reputation_part WHERE name = ?";

/** The parts of a reputation that are stored; none if all of it is this site's own. */
export function readParts(statement: Statement, name: string): ReputationPart[] {
  return statement.values<[string]>(name).map(([text]) => JSON.parse(text) as ReputationPart);
}
