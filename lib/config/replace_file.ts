/**
 * Replaces a file as a whole: a reader sees the old text or the new one.
 *
 * @module
 */
import { directoryOf } from "../text/path.ts";

/**
 * Writes a file beside the old one, with its mode and its owner, and renames it. A symbolic link keeps
 * its target.
 *
 * @throws {Error} if it cannot be written, or cannot get the owner; the old file is unchanged then.
 */
export function replaceFile(path: string, text: string): void {
  const before = statOf(path);
  const target = before === undefined ? path : Deno.realPathSync(path);
  const temporary = Deno.makeTempFileSync({ dir: directoryOf(target), prefix: ".greylag-" });
  try {
    const file = Deno.openSync(temporary, { write: true });
    try {
      const bytes = new TextEncoder().encode(text);
      for (let sent = 0; sent < bytes.length;) sent += file.writeSync(bytes.subarray(sent));
      file.syncSync();
    } finally {
      file.close();
    }
    const { uid, gid } = Deno.statSync(temporary);
    if (before !== undefined && (before.uid !== uid || before.gid !== gid)) {
      Deno.chownSync(temporary, before.uid, before.gid);
    }
    Deno.chmodSync(temporary, (before?.mode ?? 0o644) & 0o7777);
    Deno.renameSync(temporary, target);
  } catch (error) {
    Deno.removeSync(temporary);
    throw error;
  }
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
