/**
 * Runs a script of sh, which ends at the first error.
 *
 * @returns its standard output.
 * @throws {Error} with its standard error.
 */
export async function shell(
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", { args: ["-ec", script], env })
    .output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${script}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
