import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMAND_NAMES } from "../lib/cli/commands.ts";
import { SETTING_NAMES } from "../lib/config/settings.ts";
import { REASON_TEXTS } from "../lib/greylist/model.ts";
import { CALLS } from "../lib/web/api/calls.ts";
import { openApi } from "../lib/web/api/openapi.ts";
import { fill, formatted, GENERATED } from "../release/docs.ts";
import { METRICS } from "../release/docs_api.ts";
import { LOG_FIELDS } from "../release/docs_log.ts";
import { decisionFields } from "../lib/daemon/event_text.ts";
import { decisionEvent } from "./daemon/request.ts";

const root = new URL("../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, root));

const WRITTEN = [
  "CHANGELOG.md",
  "HACKING.md",
  "README.md",
  "SECURITY.md",
  "docs/exim.md",
  "docs/moving.md",
  "docs/opensmtpd.md",
  "docs/docker.md",
  "docs/postfix.md",
  "docs/systems.md",
];

/** The first cells of all rows below a heading, without backquotes. */
async function rowsOf(document: string, heading?: string): Promise<string[]> {
  const text = await read(document);
  const section = heading === undefined
    ? text
    : text.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!;
  return [...section.matchAll(/^\| `((?:\\\||[^`])+)`/gm)].map(([, name]) => name!);
}

function once(document: string, found: readonly string[], wanted: readonly string[]): void {
  for (const name of wanted) {
    const rows = found.filter((one) => one === name).length;
    assertEquals(rows, 1, `name ${name} in one block of ${document}, then run: deno task docs`);
  }
}

for (const document of GENERATED) {
  Deno.test(`the tables of ${document} are up to date`, async () => {
    const text = await read(document);
    assertEquals(text, await formatted(fill(text)), "run: deno task docs");
  });
}

Deno.test("every setting stands in exactly one table", async () => {
  once("docs/settings.md", await rowsOf("docs/settings.md"), SETTING_NAMES);
});

Deno.test("every reason and log field stands in exactly one table", async () => {
  once("docs/log.md", await rowsOf("docs/log.md", "Reasons"), Object.keys(REASON_TEXTS));
  once("docs/log.md", await rowsOf("docs/log.md", "Fields"), Object.keys(LOG_FIELDS));
});

Deno.test("the table of log fields has every field of a line", () => {
  const event = decisionEvent({
    decision: "pass",
    reason: "retried",
    delayed: 1000,
    wait: 1000,
    origin: "net:192.0.2.0/24",
    by: "1",
    shadow: "defer",
  }, { queue_id: "4F2" });
  const ofJson = ["time", "level", "event", "message"];
  assertEquals(
    Object.keys(LOG_FIELDS).sort(),
    [...decisionFields(event).map(([name]) => name), ...ofJson].sort(),
  );
});

Deno.test("every call and metric stands in exactly one table", async () => {
  once(
    "docs/api.md",
    await rowsOf("docs/api.md", "Calls"),
    CALLS.map(({ method, path }) => `${method} ${path}`),
  );
  once("docs/api.md", await rowsOf("docs/api.md", "Metrics"), METRICS.map(({ name }) => name));
});

Deno.test("every JSON field of the OpenAPI document stands in the table of fields", async () => {
  const rows = await rowsOf("docs/api.md", "Fields");
  const names = new Set(rows.flatMap((path) => path.split(/\[?\]?\./)));
  const missing = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "properties") {
        Object.keys(value).filter((name) => !names.has(name)).forEach((name) => missing.add(name));
      }
      walk(value);
    }
  };
  for (const operations of Object.values(openApi("", "0").paths as Record<string, unknown>)) {
    for (const operation of Object.values(operations as Record<string, unknown>)) {
      walk((operation as { responses: unknown }).responses);
    }
  }
  // The two of a page, which the text describes.
  assertEquals([...missing].sort(), ["items", "next"]);
});

Deno.test("every command has a section", async () => {
  const text = await read("docs/commands.md");
  for (const name of COMMAND_NAMES) assertEquals(text.split(`\n## ${name}\n`).length, 2, name);
});

Deno.test("internal links lead to a file and a heading", async () => {
  const slug = (heading: string) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  for (const document of [...GENERATED, ...WRITTEN]) {
    const text = (await read(document)).replaceAll(/^```[\s\S]*?^```/gm, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? new URL(document, root) : new URL(path, new URL(document, root));
      assert((await Deno.stat(file)).isFile, `${document}: ${target}`);
      if (anchor === undefined) continue;
      const headings = [...(await Deno.readTextFile(file)).matchAll(/^#+ (.+)$/gm)];
      assert(headings.some(([, one]) => slug(one!) === anchor), `${document}: ${target}`);
    }
  }
});

Deno.test("every path that a document names exists", async () => {
  for (const document of [...GENERATED, ...WRITTEN, ".github/PULL_REQUEST_TEMPLATE.md"]) {
    const text = await read(document);
    const paths = text.matchAll(
      /(?<![\w/.~-])(?:lib|tests|bench|release|docs|\.ci|\.github)\/[\w./-]*\w/g,
    );
    for (const [path] of paths) {
      const exists = await Deno.stat(new URL(path, root)).then(() => true, () => false);
      assert(exists, `${document}: ${path}`);
    }
  }
});

Deno.test("the README is short and has the test command", async () => {
  const text = await read("README.md");
  assert(text.trimEnd().split("\n").length <= 150);
  assertStringIncludes(text, "npx -y deno@2.9.6 task test");
  assertStringIncludes(
    text,
    "check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }",
  );
});
