/** Medians, tables and the generated sections of bench/RESULTS.md. */

export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A number with about three significant digits. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export type Cell = string | number;

/** A table in Markdown as `deno fmt` writes it; columns of numbers are aligned to the right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) =>
    row.map((cell) => typeof cell === "number" ? figure(cell) : cell)
  );
  const isNumber = head.map((_, at) => rows.some((row) => typeof row[at] === "number"));
  const widths = head.map((name, at) =>
    Math.max(3, name.length, ...texts.map((row) => row[at]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, at) => isNumber[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))
        .join(" | ")
    } |`;
  const rule = widths.map((width, at) =>
    isNumber[at] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)
  );
  return [line(head), `| ${rule.join(" | ")} |`, ...texts.map(line)].join("\n");
}

/** A measured value and its limit. */
export interface Reach {
  readonly subject: string;
  readonly measured: number;
  readonly limit: number;
  /** The limit is the smallest value allowed, or the largest. */
  readonly bound: "at least" | "at most";
  readonly unit: string;
}

export function isReached({ measured, limit, bound }: Reach): boolean {
  return bound === "at least" ? measured >= limit : measured <= limit;
}

export function reachTable(all: readonly Reach[]): string {
  return table(
    ["subject", "measured", "reach", "reached"],
    all.filter(({ measured }) => Number.isFinite(measured)).map((one) => [
      one.subject,
      `${figure(one.measured)}${one.unit}`,
      `${one.bound} ${one.limit}${one.unit}`,
      isReached(one) ? "yes" : "no",
    ]),
  );
}

/**
 * Replaces the text between the markers of a generated section.
 *
 * @throws {Error} if the document has no such section.
 */
export function replaceSection(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no section "${begin}" … "${end}"`);
  return `${document.slice(0, from)}${begin}\n\n${text.trim()}\n\n${document.slice(to)}`;
}

/** The processors, memory, system, load and date of a run. */
export function machine(): string {
  const cpu = /model name\s*: (.*)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown";
  const system = /PRETTY_NAME="(.*)"/.exec(Deno.readTextFileSync("/etc/os-release"))?.[1] ??
    "Linux";
  const memory = Deno.systemMemoryInfo().total / 2 ** 30;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${navigator.hardwareConcurrency} × ${cpu.trim()}, ${memory.toFixed(0)} GB, ` +
    `${system}, Linux ${Deno.osRelease()}, Deno ${Deno.version.deno}, ` +
    `load average ${Deno.loadavg()[0]!.toFixed(1)}`;
}

export function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Prints a section, and stores it in a document of the repository where that is asked for. */
export function publish(
  name: string,
  text: string,
  isStored: boolean,
  document = "bench/RESULTS.md",
): void {
  print(text);
  if (!isStored) return;
  const path = new URL(`../${document}`, import.meta.url);
  Deno.writeTextFileSync(path, replaceSection(Deno.readTextFileSync(path), name, text));
  new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path.pathname] }).outputSync();
}
