/**
 * Formats the manual page greylag(8) from the table of commands.
 *
 * @module
 */
import { RELEASED, VERSION } from "../config/version.ts";
import { REASON_TEXTS } from "../greylist/model.ts";
import type { Command } from "./command.ts";
import { SETTING_OPTIONS } from "./setting_options.ts";
import { type Option, parseOptions, refuseRest } from "./usage.ts";

/** groff_char(7), groff_man(7). */
function escapeRoff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "\\[u2026]")
    .replace(/^([.'])/, "\\&$1");
}

function optionItem({ name, short, placeholder, help }: Option): string {
  const value = placeholder === undefined ? "" : ` \\fI${escapeRoff(placeholder)}\\fR`;
  const head = [
    ...(short === undefined ? [] : [`\\fB\\-${short}\\fR`]),
    `\\fB${escapeRoff(`--${name}`)}\\fR${value}`,
  ];
  return `.TP\n${head.join(", ")}\n${escapeRoff(help)}\n`;
}

function commandSection(
  { name, summary, usage, description, options }: Command,
  shared: readonly Option[],
): string {
  const own = options.filter((option) => !shared.includes(option));
  const sameAs = own.length < options.length && name !== "serve"
    ? "Accepts the options of \\fBserve\\fR for settings.\n"
    : "";
  return [
    `.SS ${escapeRoff(name)}\n`,
    `\\fBgreylag ${escapeRoff(name)}\\fR ${escapeRoff(usage)}\n.PP\n`,
    `${escapeRoff(summary[0]!.toUpperCase() + summary.slice(1))}.\n`,
    ...description.map((paragraph) => `.PP\n${escapeRoff(paragraph)}\n`),
    ...(name === "serve" ? options : own).map(optionItem),
    ...(sameAs === "" ? [] : [`.PP\n${sameAs}`]),
  ].join("");
}

/** @param settings options shared by several commands, described with `serve` only. */
function manualPage(commands: readonly Command[], settings: readonly Option[]): string {
  const date = new Date(RELEASED).toISOString().slice(0, 10);
  return [
    `.TH GREYLAG 8 "${date}" "greylag ${VERSION}" "System administration"\n`,
    ".SH NAME\ngreylag \\- a greylisting policy server for Postfix\n",
    ".SH SYNOPSIS\n.B greylag\n.I COMMAND\n[\\fIOPTIONS\\fR]\n",
    ".SH DESCRIPTION\n",
    escapeRoff(
      "greylag defers mail of unknown clients for a minute. A mail server retries and is known from " +
        "then on; most spam senders do not retry. Postfix queries greylag over its policy protocol " +
        "(SMTPD_POLICY_README). After an internal error the mail is accepted.",
    ),
    "\n.PP\n",
    escapeRoff(
      "Options without a command, such as postgrey's command line, run serve.",
    ),
    "\n.SH COMMANDS\n",
    ...commands.map((command) => commandSection(command, settings)),
    ".SH REASONS\n",
    ...Object.entries(REASON_TEXTS).map(([reason, text]) =>
      `.TP\n.B ${escapeRoff(reason)}\n${escapeRoff(text)}\n`
    ),
    ".SH FILES\n",
    ".TP\n.I /etc/greylag/greylag.toml\nConfiguration file.\n",
    ".TP\n.I /var/lib/greylag/greylag.db\nDatabase.\n",
    ".SH EXIT STATUS\n0 success, 1 failure or findings, 2 wrong usage.\n",
    ".SH SIGNALS\nSIGHUP reloads the settings and the lists. SIGTERM and SIGINT answer pending requests and stop.\n",
    ".SH SEE ALSO\n.BR postconf (5),\n.BR postgrey (8)\n",
  ].join("");
}

/** `commands` is a function since the table contains this command. */
export function manual(commands: () => Promise<readonly Command[]>): Command {
  return {
    name: "manual",
    summary: "print the manual page greylag(8)",
    usage: "",
    description: ["To read it: greylag manual | man -l -"],
    options: [],
    async run(args, output) {
      refuseRest(parseOptions(args, []).rest);
      output.print(manualPage(await commands(), SETTING_OPTIONS));
      return 0;
    },
  };
}
