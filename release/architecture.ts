/** Values of e_machine in an ELF header, by Debian's and OCI's names of architectures. */
const MACHINES = { amd64: 62, arm64: 183 } as const;

export type Architecture = keyof typeof MACHINES;

export const ARCHITECTURES = Object.keys(MACHINES) as readonly Architecture[];

export function isArchitecture(text: unknown): text is Architecture {
  return typeof text === "string" && text in MACHINES;
}

/** @throws {Error} unless the file begins as an executable of the architecture does. */
export function checkArchitecture(header: Uint8Array, architecture: Architecture): void {
  const isElf = new TextDecoder("latin1").decode(header.subarray(0, 4)) === "\x7fELF";
  const machine = header[18]! + 256 * header[19]!;
  if (isElf && machine === MACHINES[architecture]) return;
  const found = ARCHITECTURES.find((name) => isElf && machine === MACHINES[name]);
  const what = found === undefined ? "is no ELF file of a known machine" : `is for ${found}`;
  throw new Error(`the executable ${what}, not for ${architecture}. Name another file`);
}

/** @throws {Error} unless the file is an executable of the architecture. */
export async function checkExecutable(path: string, architecture: Architecture): Promise<void> {
  using file = await Deno.open(path);
  const header = new Uint8Array(20);
  await file.read(header);
  checkArchitecture(header, architecture);
}
