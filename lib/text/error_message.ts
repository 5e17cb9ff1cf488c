/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The reason of a failed system call, without the path: `permission denied`. */
export function reasonOf(error: unknown): string {
  // Deno's own message names options of the compiler.
  if (error instanceof Error && error.name === "NotCapable") {
    return "the sandbox of greylag has no access to it";
  }
  const [, reason] = /^(.*?) \(os error \d+\)/s.exec(messageOf(error)) ?? [];
  return reason === undefined ? messageOf(error) : reason[0]!.toLowerCase() + reason.slice(1);
}
