import { assertThrows } from "@std/assert";
import { checkArchitecture } from "../../release/architecture.ts";

const header = (magic: string, machine: number) =>
  Uint8Array.from([...magic].map((one) => one.charCodeAt(0)).concat(Array(14).fill(0), machine, 0));

Deno.test("an executable of another architecture is refused", () => {
  checkArchitecture(header("\x7fELF", 62), "amd64");
  checkArchitecture(header("\x7fELF", 183), "arm64");
  const table: [bytes: Uint8Array, architecture: "amd64" | "arm64", why: string][] = [
    [header("\x7fELF", 62), "arm64", "is for amd64, not for arm64"],
    [header("\x7fELF", 183), "amd64", "is for arm64, not for amd64"],
    [header("\x7fELF", 40), "arm64", "no ELF file of a known machine"],
    [header("\xcf\xfa\xed\xfe", 62), "amd64", "no ELF file"],
    [new Uint8Array(20), "amd64", "no ELF file"],
  ];
  for (const [bytes, architecture, why] of table) {
    assertThrows(() => checkArchitecture(bytes, architecture), Error, why);
  }
});
