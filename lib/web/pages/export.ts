/**
 * The decisions that a page shows, as CSV (RFC 4180) and JSON.
 *
 * @module
 */
import { decisionAsJson, type DecisionJson } from "../../admin/record_json.ts";
import type { AppContext } from "../http/context.tsx";
import { parametersOf } from "../http/page_query.ts";
import type { StatusService } from "../worker/status_service.ts";
import { decisionQuery } from "./filters.tsx";

/** Maximum decisions of one export, the newest. */
const MAX_ROWS = 10_000;

const EXPORT_TIMEOUT_MS = 2000;

const COLUMNS: readonly (keyof DecisionJson)[] = [
  "time",
  "decision",
  "reason",
  "shadow",
  "sender",
  "recipient",
  "client_address",
  "client_name",
  "helo_name",
  "origin",
  "by",
  "wait_seconds",
  "delay_seconds",
];

/** One field; a leading quote keeps spreadsheets from running hostile text as a formula. */
export function csvField(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function exportDecisions(
  context: AppContext,
  service: StatusService,
  form: "csv" | "json",
): Response {
  const parameters = parametersOf(context);
  const { queries } = service;
  const { rows } = queries.decisions({
    ...decisionQuery(queries, parameters),
    limit: MAX_ROWS,
    timeoutMs: EXPORT_TIMEOUT_MS,
  });
  const decisions = rows.map(decisionAsJson);
  const disposition = `attachment; filename="greylag-decisions.${form}"`;
  if (form === "json") {
    return context.body(`${JSON.stringify(decisions, null, 2)}\n`, 200, {
      "content-type": "application/json; charset=utf-8",
      "content-disposition": disposition,
    });
  }
  const lines = [
    COLUMNS.join(","),
    ...decisions.map((row) => COLUMNS.map((column) => csvField(row[column])).join(",")),
  ];
  return context.body(`${lines.join("\r\n")}\r\n`, 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": disposition,
  });
}
