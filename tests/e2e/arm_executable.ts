/** Writes the beginning of an executable as one for ARM: a whole one cannot be built here. */
export async function writeArmExecutable(path: string, executable: string): Promise<void> {
  const header = (await Deno.readFile(executable)).slice(0, 4096);
  header[18] = 183;
  await Deno.writeFile(path, header);
}
