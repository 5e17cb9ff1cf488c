import { readRegularText } from "../files/regular_file.ts";
import { reasonOf } from "../text/error_message.ts";
import type { NotifySettings } from "./settings.ts";
import { parseUserFile, type User } from "./user.ts";

/** The users of settings and files; lines with errors are reported and skipped. */
export function readUsers(
  { users, userFiles }: Pick<NotifySettings, "users" | "userFiles">,
  complain: (why: string) => void,
): readonly User[] {
  const all = [...users];
  for (const path of userFiles) {
    try {
      const { users, errors } = parseUserFile(readRegularText(path));
      all.push(...users);
      for (const { line, why } of errors) complain(`${path}:${line}: ${why}`);
    } catch (error) {
      complain(`cannot read the users of ${path}: ${reasonOf(error)}`);
    }
  }
  return all;
}
