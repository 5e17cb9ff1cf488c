/** Deno's targets by the names that install.sh downloads. */
export const TARGETS = {
  "linux-x86_64": "x86_64-unknown-linux-gnu",
  "linux-aarch64": "aarch64-unknown-linux-gnu",
  "darwin-x86_64": "x86_64-apple-darwin",
  "darwin-aarch64": "aarch64-apple-darwin",
} as const;

export type TargetName = keyof typeof TARGETS;

/** The directory for the output of the build scripts. */
export const DIST = "dist";

export function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}
