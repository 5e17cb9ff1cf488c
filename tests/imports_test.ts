import { assertEquals } from "@std/assert";

/** The modules that a module imports, besides itself, packages and lib/jsr. */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  text: [],
  node: [],
  files: [],
  net: [],
  sockets: ["net", "text"],
  spf: ["net", "text"],
  lists: ["net", "text"],
  greylist: ["net", "text"],
  postfix: ["net", "sockets"],
  opensmtpd: [],
  demo: ["text"],
  dns: ["net", "node", "spf", "text"],
  store: ["files", "greylist", "lists", "net", "node", "text"],
  evidence: ["dns", "greylist", "net", "spf", "text"],
  daemon: ["dns", "evidence", "files", "greylist", "lists", "net", "postfix", "store", "text"],
  share: ["daemon", "files", "lists", "node", "postfix", "sockets", "store", "text"],
  config: [
    "daemon",
    "dns",
    "evidence",
    "files",
    "lists",
    "net",
    "notify",
    "postfix",
    "share",
    "sockets",
    "text",
  ],
  admin: [
    "dns",
    "evidence",
    "files",
    "greylist",
    "lists",
    "net",
    "node",
    "postfix",
    "sockets",
    "store",
    "text",
  ],
  notify: [
    "admin",
    "daemon",
    "dns",
    "evidence",
    "files",
    "greylist",
    "net",
    "node",
    "postfix",
    "store",
    "text",
  ],
  import: ["config", "greylist", "lists", "net", "node", "store", "text"],
  web: [
    "admin",
    "daemon",
    "dns",
    "evidence",
    "greylist",
    "lists",
    "net",
    "node",
    "notify",
    "postfix",
    "share",
    "sockets",
    "store",
    "text",
  ],
  cli: [
    "admin",
    "config",
    "daemon",
    "demo",
    "dns",
    "evidence",
    "greylist",
    "import",
    "lists",
    "net",
    "node",
    "notify",
    "opensmtpd",
    "postfix",
    "share",
    "sockets",
    "spf",
    "store",
    "text",
    "web",
  ],
};

/** The only file that may import the status page. */
const SERVE = "cli/serve.ts";

/** The tables that sites share in PostgreSQL. */
const SHARED_DATABASE = "share/shared_database.ts";

const PURE = ["text", "net", "lists", "spf", "greylist", "opensmtpd"];

/** Asynchronous through their resolver. */
const IMPURE_FILES = ["spf/breadth.ts", "spf/check_host.ts", "spf/evaluation.ts", "spf/judge.ts"];

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
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(entry, files.map((file) => `import "${file}";`).join("\n"));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--config=deno.json", "--lock=tests/deno.lock", "--json", entry],
      cwd: root.pathname,
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout)).modules;
  } finally {
    await Deno.remove(entry);
  }
}

const moduleOf = (file: string) => file.split("/")[0]!;

Deno.test("each module imports exactly the modules that the table names", async () => {
  const found = new Map<string, Set<string>>();
  const importsOfWeb: string[] = [];
  const seen: string[] = [];
  for (const { specifier, dependencies } of await modules()) {
    if (!specifier.startsWith(library.href)) continue;
    const file = specifier.slice(library.href.length);
    if (moduleOf(file) === "jsr" || !/\.tsx?$/.test(file)) continue;
    seen.push(file);
    for (const { code, type } of dependencies ?? []) {
      const target = code?.specifier ?? type?.specifier ?? "";
      if (!target.startsWith(library.href) || target.startsWith(`${library.href}jsr/`)) continue;
      const other = moduleOf(target.slice(library.href.length));
      if (other === moduleOf(file)) continue;
      if (other === "web" && file !== SERVE) importsOfWeb.push(`${file} imports ${target}`);
      found.set(moduleOf(file), (found.get(moduleOf(file)) ?? new Set()).add(other));
    }
  }
  const table = Object.keys(IMPORTS).map((module) => [
    module,
    [...(found.get(module) ?? [])].sort(),
  ]);
  assertEquals(Object.fromEntries(table), IMPORTS);
  assertEquals(importsOfWeb, []);
  assertEquals(seen.sort(), await sources());
});

Deno.test("pure modules use no Deno, clock, random number or promise", async () => {
  const found: string[] = [];
  for (const file of await sources()) {
    if (!PURE.includes(moduleOf(file)) || IMPURE_FILES.includes(file)) continue;
    const text = (await Deno.readTextFile(new URL(file, library)))
      .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const pattern =
      /\bDeno\.|["']node:|Date\.now|new Date\(\)|performance\.|Math\.random|crypto\.|\basync\s*(?:function|\(|#?\w+\s*(?:\(|<|=>))|setTimeout|\bfetch\(/;
    const match = pattern.exec(text);
    if (match !== null) found.push(`${file}: ${match[0]}`);
  }
  assertEquals(found, []);
});

Deno.test("nothing but SQLite of Node is loaded at the start", async () => {
  const found: string[] = [];
  for (const file of await sources()) {
    const text = await Deno.readTextFile(new URL(file, library));
    for (const [line, name] of text.matchAll(/^(?:import|export|\} from)\b.*"(node:[^"]+)"/gm)) {
      if (!line.startsWith("import type") && name !== "node:sqlite") found.push(`${file}: ${name}`);
    }
  }
  assertEquals(found, []);
});

Deno.test("SQL stands only in store, and Postfix's actions only in postfix", async () => {
  const found: string[] = [];
  for (const file of await sources()) {
    const text = (await Deno.readTextFile(new URL(file, library)))
      .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const sql = /\b(?:SELECT .+ FROM|INSERT INTO|DELETE FROM|PRAGMA [a-z])/.exec(text);
    if (moduleOf(file) !== "store" && file !== SHARED_DATABASE && sql !== null) {
      found.push(`${file}: ${sql[0]}`);
    }
    // The attribute of a form has its value in braces.
    if (moduleOf(file) !== "postfix" && /action=(?!\{)/.test(text)) found.push(`${file}: action=`);
  }
  assertEquals(found, []);
});
