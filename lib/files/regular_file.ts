/**
 * Reads files that settings name. Only regular files are opened: reading a named pipe waits for a
 * writer, and reading a device may never end.
 *
 * @module
 */

function kindOf(info: Deno.FileInfo): string {
  if (info.isDirectory) return "a directory";
  if (info.isFifo) return "a pipe";
  if (info.isSocket) return "a socket";
  return info.isBlockDevice || info.isCharDevice ? "a device" : "of an unknown kind";
}

/** @throws {Error} unless the path is that of a regular file: `is a pipe, not a regular file`. */
export function checkRegular(path: string): void {
  const info = Deno.statSync(path);
  if (!info.isFile) throw new Error(`is ${kindOf(info)}, not a regular file`);
}

/** Stands for an empty file. */
const NULL_DEVICE = "/dev/null";

/** @throws {Error} unless the path is that of a regular file or `/dev/null`. */
export function checkReadable(path: string): void {
  if (path !== NULL_DEVICE) checkRegular(path);
}

/** @throws {Error} if it is not a regular file, or cannot be read. */
export function readRegularFile(path: string): Uint8Array<ArrayBuffer> {
  checkRegular(path);
  return Deno.readFileSync(path);
}

/** @throws {Error} if it is neither a regular file nor `/dev/null`, or cannot be read. */
export function readRegularText(path: string): string {
  checkReadable(path);
  return Deno.readTextFileSync(path);
}

/** Whether the path is an open descriptor, such as a shell's `<(COMMAND)`: it can be read only once. */
export function isDescriptor(path: string): boolean {
  return /^\/dev\/fd\/\d+$/.test(path);
}
