/** The directory that holds a file or directory; `.` for a bare name. */
export function directoryOf(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  if (at < 0) return trimmed === "" && path !== "" ? "/" : ".";
  return trimmed.slice(0, at).replace(/\/+$/, "") || "/";
}
