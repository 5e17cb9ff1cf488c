/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The reason of a failed system call, without the path: `permission denied`. */
export function reasonOf(error: unknown): string {
  const [, reason] = /^(.*?) \(os error \d+\)/s.exec(messageOf(error)) ?? [];
  return reason === undefined ? messageOf(error) : reason[0]!.toLowerCase() + reason.slice(1);
}
