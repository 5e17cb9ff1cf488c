import { RESOLVER_REMEDY } from "../admin/dns_list_checks.ts";
import { type DnsListRecipe, RECIPES, refusalOf } from "../admin/dns_list_recipes.ts";
import { addToArray, arrayLine } from "../config/edit_array.ts";
import { DEFAULT_PATH, describeSource, readConfigFile, suggestion } from "../config/load.ts";
import { replaceFile } from "../config/replace_file.ts";
import { daemonSettings } from "../config/module_settings.ts";
import { DnsLists, type ZoneHealth } from "../dns/dnsbl.ts";
import { DnsResolver } from "../dns/resolver.ts";
import { messageOf } from "../text/error_message.ts";
import { DATABASE_OPTIONS, type Invocation, parseInvocation } from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { configPathOf } from "./setting_options.ts";
import { printTable } from "./table.ts";
import { refuseRest, requiredArgument, UsageError } from "./usage.ts";

const SETTING = "dns_lists";

/** Tests zones with the resolver of the settings. */
export async function testZones(
  zones: readonly string[],
  { configuration }: Pick<Invocation, "configuration">,
): Promise<ZoneHealth[]> {
  const { resolver } = daemonSettings(configuration.values);
  const lists = new DnsLists([], new DnsResolver(resolver), () => {});
  return await Promise.all([...new Set(zones)].map((zone) => lists.test(zone)));
}

function writtenLists({ configuration }: Invocation): readonly string[] {
  return configuration.written[SETTING] as readonly string[];
}

async function showState(invocation: Invocation, output: Output): Promise<number> {
  const lists = invocation.configuration.values.dns_lists;
  const health = await testZones(lists.map(({ zone }) => zone), invocation);
  const offered = RECIPES.filter(({ zone }) => lists.every((list) => list.zone !== zone));
  const failing = health.filter((one) => refusalOf(one) !== undefined);
  if (invocation.json) {
    const zones = health.map(({ zone, state, why }) => ({ zone, state, cause: why ?? null }));
    const json = {
      lists: writtenLists(invocation),
      zones,
      offered: offered.map(({ name }) => name),
    };
    output.print(`${JSON.stringify(json, null, 2)}\n`);
    return failing.length === 0 ? 0 : 1;
  }
  if (lists.length === 0) {
    output.print("No DNS list is set (dns_lists).\n");
  } else {
    const rows = lists.map(({ zone }, at) => {
      const found = health.find((one) => one.zone === zone)!;
      return [writtenLists(invocation)[at] ?? zone, found.state, refusalOf(found) ?? ""];
    });
    printTable(["list", "state", "cause"], rows, output);
  }
  for (const { name, purpose, terms, url } of offered) {
    output.print(`\ngreylag lists enable ${name}\n    ${purpose}\n    ${terms} ${url}\n`);
  }
  return failing.length === 0 ? 0 : 1;
}

/** @throws {UsageError} for an unknown name. */
function recipeNamed(name: string): DnsListRecipe {
  const names = RECIPES.map((recipe) => recipe.name);
  const recipe = RECIPES.find((one) => one.name === name);
  if (recipe !== undefined) return recipe;
  throw new UsageError(
    `unknown DNS list "${name}"; known are ${names.join(", ")}${suggestion(name, names, '"')}`,
  );
}

/** Writes the configuration file; the line to add is printed if that is not possible. */
function writeLists(invocation: Invocation, { lists }: DnsListRecipe, output: Output): number {
  const given = configPathOf(invocation.options);
  const path = given ?? DEFAULT_PATH;
  const missing = lists.filter((list) => !writtenLists(invocation).includes(list));
  const line = arrayLine(SETTING, [...writtenLists(invocation), ...missing]);
  const fail = (why: string) => {
    output.complain(`greylag: ${path} was not changed: ${why}. Set it by hand:\n`);
    output.print(`${line}\n`);
    return 1;
  };
  const source = invocation.configuration.sources[SETTING];
  if (source.kind === "environment" || source.kind === "flag") {
    return fail(`${describeSource(source)} overrides the file`);
  }
  const edited = addToArray(readConfigFile(given)?.text ?? "", SETTING, lists);
  if (edited === undefined) return fail("its array dns_lists cannot be edited safely");
  try {
    replaceFile(path, edited);
  } catch (error) {
    return fail(messageOf(error));
  }
  output.print(`${path}: ${line}\nTo apply it: systemctl reload greylag\n`);
  return 0;
}

async function enable(invocation: Invocation, name: string, output: Output): Promise<number> {
  const recipe = recipeNamed(name);
  const { zone, lists, purpose, terms, url } = recipe;
  output.complain(`${purpose}\n${terms} See ${url}\n`);
  const [health] = await testZones([zone], invocation);
  const refusal = refusalOf(health!);
  if (refusal !== undefined) {
    // A list that is set may still prove itself later; one to be set must do so now.
    const [cause] = refusal.split(". ");
    output.complain(`greylag: this resolver cannot use ${zone}: ${cause}. ${RESOLVER_REMEDY}\n`);
    return 1;
  }
  if (lists.every((list) => writtenLists(invocation).includes(list))) {
    output.print(`${zone} is enabled already.\n`);
    return 0;
  }
  return writeLists(invocation, recipe, output);
}

export const dnsListsCommand: Command = {
  name: "lists",
  summary: "show the DNS lists, or enable one",
  usage: `[enable ${RECIPES.map(({ name }) => name).join(" | ")}]`,
  words: { enable: RECIPES.map(({ name }) => name) },
  description: [
    "Without arguments: tests each DNS list of the setting dns_lists (RFC 5782), and shows the lists " +
    "that can be enabled. The exit code is 1 if a list does not work.",
    "enable: shows the terms of use, tests that the resolver may use the list, and adds it to dns_lists " +
    "in the configuration file. Comments and order of the file stay. If the file cannot be written, the " +
    "line to add is printed.",
  ],
  options: DATABASE_OPTIONS,
  run(args, output) {
    const invocation = parseInvocation(args, []);
    const [action, ...rest] = invocation.rest;
    if (action === undefined) return showState(invocation, output);
    if (action !== "enable") {
      throw new UsageError(`unknown action "${action}"; see: greylag lists --help`);
    }
    refuseRest(rest.slice(1));
    return enable(invocation, requiredArgument(rest, "NAME"), output);
  },
};
