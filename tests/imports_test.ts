import { assert, assertEquals } from "@std/assert";

/** Which rooms a room may import, besides itself and packages. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  mail: [],
  policy: ["mail"],
  lists: ["mail"],
  spf: ["mail"],
  greylist: ["mail"],
  store: ["mail", "policy", "lists", "spf", "greylist"],
  evidence: ["mail", "policy", "lists", "spf", "greylist"],
  service: ["mail", "policy", "lists", "spf", "greylist", "store", "evidence"],
  config: ["mail", "policy", "lists", "spf", "greylist", "store", "evidence", "service"],
  cli: ["mail", "policy", "lists", "spf", "greylist", "store", "evidence", "service", "config"],
  status: ["mail", "policy", "lists", "spf", "greylist", "store", "evidence", "service", "config"],
};

/** Only this file of the command line may import the status page. */
const SERVE = "cli/serve.ts";

const PURE = ["mail", "policy", "lists", "spf", "greylist"];

/** What deals with sockets, or is asynchronous through its parameters. */
const IMPURE_FILES = [
  "policy/listener.ts",
  "policy/probe.ts",
  "policy/unix_socket.ts",
  "spf/breadth.ts",
  "spf/check_host.ts",
];

const library = new URL("../lib/", import.meta.url);
const root = new URL("../", import.meta.url);

async function sources(directory = library): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory && name !== "jsr") {
      found.push(...await sources(new URL(`${name}/`, directory)));
    } else if (/\.tsx?$/.test(name)) {
      found.push(new URL(name, directory).href.slice(library.href.length));
    }
  }
  return found.sort();
}

interface Module {
  specifier: string;
  dependencies?: {
    specifier: string;
    code?: { specifier?: string };
    type?: { specifier?: string };
  }[];
}

async function modules(): Promise<Module[]> {
  const files = (await sources()).map((file) => new URL(file, library).href);
  const entry = await Deno.makeTempFile({ suffix: ".ts", dir: new URL("tests/", root).pathname });
  try {
    await Deno.writeTextFile(entry, files.map((file) => `import "${file}";`).join("\n"));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: root.pathname,
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout)).modules;
  } finally {
    await Deno.remove(entry);
  }
}

const roomOf = (file: string) => file.split("/")[0]!;

Deno.test("every room imports only the rooms below it", async () => {
  const forbidden: string[] = [];
  const seen: string[] = [];
  for (const { specifier, dependencies } of await modules()) {
    if (!specifier.startsWith(library.href)) continue;
    const file = specifier.slice(library.href.length);
    if (roomOf(file) === "jsr" || !/\.tsx?$/.test(file)) continue;
    seen.push(file);
    const allowed = MAY_IMPORT[roomOf(file)];
    assert(allowed !== undefined, `${file} is in no known room`);
    for (const { code, type } of dependencies ?? []) {
      const target = code?.specifier ?? type?.specifier ?? "";
      if (!target.startsWith(library.href) || target.startsWith(`${library.href}jsr/`)) continue;
      const other = roomOf(target.slice(library.href.length));
      if (other === roomOf(file) || allowed.includes(other)) continue;
      if (file === SERVE && other === "status") continue;
      forbidden.push(`${file} imports ${target.slice(library.href.length)}`);
    }
  }
  assertEquals(forbidden, []);
  assertEquals(seen.sort(), await sources());
});

Deno.test("the pure rooms know no Deno, no clock, no chance, and never wait", async () => {
  const found: string[] = [];
  for (const file of await sources()) {
    if (!PURE.includes(roomOf(file)) || IMPURE_FILES.includes(file)) continue;
    const text = (await Deno.readTextFile(new URL(file, library)))
      .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const pattern =
      /\bDeno\.|["']node:|Date\.now|new Date\(\)|performance\.|Math\.random|crypto\.|\basync\b|setTimeout|\bfetch\(/;
    const match = pattern.exec(text);
    if (match !== null) found.push(`${file}: ${match[0]}`);
  }
  assertEquals(found, []);
});

Deno.test("SQL stands only in the store, and Postfix's actions only in policy", async () => {
  const found: string[] = [];
  for (const file of await sources()) {
    const text = (await Deno.readTextFile(new URL(file, library)))
      .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const sql = /\b(?:SELECT .+ FROM|INSERT INTO|DELETE FROM|PRAGMA [a-z])/.exec(text);
    if (roomOf(file) !== "store" && sql !== null) found.push(`${file}: ${sql[0]}`);
    // The attribute of a form has its value in braces.
    if (roomOf(file) !== "policy" && /action=(?!\{)/.test(text)) found.push(`${file}: action=`);
  }
  assertEquals(found, []);
});
