/** The rows of `docs/api.md`: JSON fields and parameters from the schemas, metrics from their page. */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { Counters } from "../lib/daemon/counters.ts";
import { CALLS } from "../lib/web/api/calls.ts";
import { renderMetrics } from "../lib/web/api/metrics.ts";
import * as schema from "../lib/web/api/schema.ts";

/** The objects in responses, by the name that the documents give them. */
const OBJECTS: Readonly<Record<string, v.GenericSchema>> = {
  "entry": schema.ENTRY,
  "deferral": schema.DEFERRAL,
  "lost": schema.LOST,
  "decision": schema.DECISION,
  "known": schema.KNOWN,
  "auto-whitelisted": schema.AUTO_WHITELISTED,
  "rule": schema.RULE,
  "summary": schema.SUMMARY,
  "today": schema.TODAY,
  "trend": schema.TREND,
  "health": schema.HEALTH,
  "error": schema.PROBLEM,
};

interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

function jsonSchemaOf(given: v.GenericSchema, typeMode: "input" | "output"): JsonSchema {
  return toJsonSchema(given, { typeMode, errorMode: "ignore" }) as JsonSchema;
}

/** A field of a JSON object; `path` joins the names of nested objects with dots. */
export interface Field {
  readonly path: string;
  readonly type: string;
  readonly description: string | undefined;
}

function typeOf({ type, format, enum: words, items }: JsonSchema): string {
  if (format === "date-time") return "time";
  if (words !== undefined && words.length < 4) return words.join(", ");
  if (type === "array") return `array of ${typeOf(items!)}`;
  return type ?? "";
}

/** The fields of an object and of the objects within it. */
export function fieldsOf(object: JsonSchema, prefix = ""): Field[] {
  return Object.entries(object.properties ?? {}).flatMap(([name, given]) => {
    const present = given.anyOf?.find(({ type }) => type !== "null") ?? given;
    const isNullable = given.anyOf !== undefined;
    const path = prefix + name;
    const inner = present.type === "array" ? present.items! : present;
    if (inner.properties !== undefined) {
      return fieldsOf(inner, `${path}${present.type === "array" ? "[]" : ""}.`);
    }
    const type = typeOf(present) + (isNullable ? " or null" : "");
    return [{ path, type, description: given.description ?? present.description }];
  });
}

/** Rows of fields, sorted; a field of several objects with one meaning has one row. */
export function fieldRows(): string[][] {
  const rows = new Map<string, { field: Field; objects: string[] }>();
  for (const [object, given] of Object.entries(OBJECTS)) {
    for (const field of fieldsOf(jsonSchemaOf(given, "output"))) {
      const key = `${field.path}\0${field.type}\0${field.description}`;
      const row = rows.get(key) ?? { field, objects: [] };
      row.objects.push(object);
      rows.set(key, row);
    }
  }
  return [...rows.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, { field, objects }]) => {
    const { path, type, description } = field;
    if (description === undefined) {
      throw new Error(`docs: ${objects[0]}.${path} has no description`);
    }
    return [`\`${path}\``, objects.join(", "), type, description];
  });
}

/** Rows of query parameters and body fields, sorted. */
export function parameterRows(): string[][] {
  const rows = new Map<string, { name: string; description: string; calls: string[] }>();
  for (const { method, path, query, body } of CALLS) {
    const given = [query, ...(body === undefined ? [] : [body])];
    const properties = given.flatMap((one) =>
      Object.entries(jsonSchemaOf(one, "input").properties ?? {})
    );
    for (const [name, { description }] of properties) {
      if (description === undefined) throw new Error(`docs: ${path}: ${name} has no description`);
      const key = `${name}\0${description}`;
      const row = rows.get(key) ?? { name, description, calls: [] };
      row.calls.push(`\`${method} ${path}\``);
      rows.set(key, row);
    }
  }
  return [...rows.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => [
    `\`${row.name}\``,
    row.calls.join(", "),
    row.description,
  ]);
}

/** The object that a call returns: its name in {@linkcode OBJECTS}, and whether in pages. */
export function responseOf(answer: v.GenericSchema): string {
  const text = (one: unknown) => JSON.stringify(one);
  const whole = jsonSchemaOf(answer, "output");
  const items = whole.properties?.items?.items;
  const wanted = text({ ...(items ?? whole), $schema: undefined });
  const found = Object.entries(OBJECTS).find(([, one]) =>
    text({ ...jsonSchemaOf(one, "output"), $schema: undefined }) === wanted
  );
  if (found === undefined) throw new Error("docs: a call returns an object without a name");
  if (items === undefined) return found[0];
  return whole.properties?.next === undefined ? `items of ${found[0]}` : `page of ${found[0]}`;
}

/** A metric as it is exported. */
export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

function metricsOf(page: string): Metric[] {
  return [...page.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)$/gm)].map(
    ([, name = "", help = "", type = "", sample = ""]) => ({
      name,
      type,
      help,
      labels: [...sample.matchAll(/[{,](\w+)="/g)].map(([, label = ""]) => label),
    }),
  );
}

/** All metrics, in the order of the page. */
export const METRICS: readonly Metric[] = metricsOf(renderMetrics({
  daemonStatus: {
    started: 0,
    endpoints: [],
    connections: 0,
    counters: new Counters().snapshot(),
    databaseWorks: true,
    errors: [],
    lists: [],
    dns: { answered: 0, failed: 0 },
    dnsLists: [{ zone: "ZONE", state: "works" }],
  },
  version: "",
  databaseBytes: 0,
  deferrals: {
    deferrals: { retried: 0, rejected: 0, waiting: 0, "not-retried": 0 },
    listed: 0,
  },
}));
