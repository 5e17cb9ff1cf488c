/**
 * Fills the generated blocks of documents from the program's own tables. A block is what stands
 * between `<!-- NAME ARGUMENTS -->` and `<!-- end -->`; everything else is written by hand.
 */
import manifest from "../deno.json" with { type: "json" };
import type { Command } from "../lib/cli/command.ts";
import { allCommands } from "../lib/cli/commands.ts";
import { SETTING_OPTIONS } from "../lib/cli/setting_options.ts";
import { isSettingName, SETTINGS } from "../lib/config/settings.ts";
import { type Signal, SIGNAL_WEIGHTS } from "../lib/evidence/signals.ts";
import { POSTGREY_REASONS } from "../lib/daemon/postgrey_line.ts";
import { REASON_TEXTS } from "../lib/greylist/model.ts";
import { CALLS } from "../lib/web/api/calls.ts";
import { fieldRows, METRICS, parameterRows, responseOf } from "./docs_api.ts";
import { lineRows, LOG_FIELDS } from "./docs_log.ts";
import { runTask } from "./task.ts";

const BLOCK = /<!-- ([a-z]+(?:-[a-z]+)*)((?: \S+)*) -->\n[\s\S]*?<!-- end -->/g;

const escapeCell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text: string) => `\`${text}\``;

/** A table in Markdown; `deno fmt` pads its columns. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

function settingRow(name: string): string[] {
  if (!isSettingName(name)) throw new Error(`docs: no setting is called ${name}`);
  const { values, help, default: standard, live } = SETTINGS[name];
  const written = Array.isArray(standard)
    ? `[${standard.map((one) => JSON.stringify(one)).join(", ")}]`
    : JSON.stringify(standard);
  return [code(name), values, code(written), live ? help : `${help} (Needs a restart.)`];
}

function capitalised(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}

function commandReference(command: Command): string {
  const { name, summary, usage, description, options } = command;
  const takesSettings = SETTING_OPTIONS.every((option) => options.includes(option));
  const own = options.filter((option) => !SETTING_OPTIONS.includes(option));
  const rows = own.map(({ name, short, placeholder, help }) => {
    const long = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
    return [code(short === undefined ? long : `-${short}, ${long}`), help];
  });
  return [
    `## ${name}`,
    "```sh\n" + `greylag ${name} ${usage}`.trimEnd() + "\n```",
    `${capitalised(summary)}.`,
    ...description.map((paragraph) => paragraph.replace(/^- /, "`-` ")),
    ...(rows.length === 0 ? [] : [table(["option", "meaning"], rows)]),
    ...(takesSettings ? ["Every [setting](settings.md) is an option as well."] : []),
  ].join("\n\n");
}

const SIGNAL_TEXTS: Readonly<Record<Signal, string>> = {
  "no-name": "Postfix could not verify a name for the client.",
  "generic-name": "The verified name follows a provider's pattern.",
  "helo-address": "HELO is an address instead of a name.",
  "helo-not-qualified": "HELO has no domain (RFC 5321, 4.1.1.1).",
  "helo-ours": "HELO is the name or address of this server.",
  "helo-unrelated": "HELO belongs to another organisation than the verified name.",
  "spf-fail": "The sender's SPF record says fail.",
  "spf-softfail": "The sender's SPF record says softfail.",
  "spf-none": "The sender's domain has no SPF record.",
  "mail-name": "The verified name says that the host sends mail.",
  "listed-neighbour":
    "A DNS list named another address of the client's network in the last 3 days.",
};

const COMMANDS = await allCommands();

type Block = (args: readonly string[]) => string;

const BLOCKS: Readonly<Record<string, Block>> = {
  "tasks": () =>
    table(
      ["task", "purpose"],
      Object.entries(manifest.tasks).map(([name, { description }]) => [code(name), description]),
    ),
  "settings": (names) => table(["setting", "values", "default", "meaning"], names.map(settingRow)),
  "commands": () =>
    table(
      ["command", "purpose"],
      COMMANDS.map(({ name, summary }) => [`[${code(name)}](#${name})`, summary]),
    ),
  "command-reference": () => COMMANDS.map(commandReference).join("\n\n"),
  "postgrey-reasons": () =>
    table(
      ["reason", "in postgrey's words"],
      Object.entries(POSTGREY_REASONS).map(([reason, words]) => [code(reason), code(words)]),
    ),
  "reasons": () =>
    table(
      ["reason", "meaning"],
      Object.entries(REASON_TEXTS).map(([reason, text]) => [code(reason), text]),
    ),
  "signals": () =>
    table(
      ["signal", "weight", "meaning"],
      Object.entries(SIGNAL_TEXTS).map(([signal, text]) => [
        code(signal),
        String(SIGNAL_WEIGHTS[signal as Signal]),
        text,
      ]),
    ),
  "log-fields": () =>
    table(
      ["field", "meaning"],
      Object.entries(LOG_FIELDS).map(([field, text]) => [code(field), text]),
    ),
  "log-lines": () => table(["event", "level", "line"], lineRows()),
  "metrics": () =>
    table(
      ["metric", "type", "labels", "meaning"],
      METRICS.map(({ name, type, labels, help }) => [
        code(name),
        type,
        labels.map(code).join(", "),
        help,
      ]),
    ),
  "calls": () =>
    table(
      ["call", "purpose", "returns"],
      CALLS.map(({ method, path, summary, answer }) => [
        code(`${method} ${path}`),
        summary,
        responseOf(answer),
      ]),
    ),
  "parameters": () => table(["parameter", "calls", "meaning"], parameterRows()),
  "fields": () => table(["field", "object", "type", "meaning"], fieldRows()),
};

/** The text of a document with its blocks written anew. */
export function fill(text: string): string {
  return text.replaceAll(BLOCK, (_, name: string, args: string) => {
    const block = BLOCKS[name];
    if (block === undefined) throw new Error(`docs: no block is called ${name}`);
    const body = block(args.split(" ").filter((arg) => arg !== ""));
    return `<!-- ${name}${args} -->\n\n${body}\n\n<!-- end -->`;
  });
}

const root = new URL("../", import.meta.url);

/** A document as `deno fmt` writes it. */
export async function formatted(text: string): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", "md", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await process.output();
  if (!success) throw new Error("docs: deno fmt failed");
  return new TextDecoder().decode(stdout);
}

/** The documents with generated blocks. */
export const GENERATED = [
  "CONTRIBUTING.md",
  "docs/api.md",
  "docs/commands.md",
  "docs/log.md",
  "docs/settings.md",
];

async function docs(): Promise<void> {
  for (const path of GENERATED) {
    const file = new URL(path, root);
    Deno.writeTextFileSync(file, await formatted(fill(Deno.readTextFileSync(file))));
  }
}

if (import.meta.main) await runTask({ name: "docs", run: docs });
