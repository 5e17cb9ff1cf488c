/**
 * The HTML part of a notice: inline styles, nothing from elsewhere, readable without images and in
 * the dark.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Action, Rendered, RenderedItem } from "./render.ts";

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif";
const BUTTON = "display:inline-block;padding:10px 14px;margin:4px 8px 4px 0;border-radius:8px;" +
  "border:1px solid #2f6f4f;text-decoration:none;font-size:15px;";
const FIRST = `${BUTTON}background:#2f6f4f;color:#ffffff;`;
const OTHER = `${BUTTON}background:#ffffff;color:#2f6f4f;`;
const QUIET = "font-size:13px;color:#6b7280;";

function Button({ action, isFirst }: { action: Action; isFirst: boolean }): JSX.Element {
  return <a href={action.url} style={isFirst ? FIRST : OTHER}>{action.label}</a>;
}

function Item({ item }: { item: RenderedItem }): JSX.Element {
  return (
    <div style="border:1px solid #d1d5db;border-radius:10px;padding:12px 14px;margin:10px 0;">
      <p style="margin:0 0 2px;font-size:16px;overflow-wrap:anywhere;">
        <bdi>{item.sender}</bdi>
      </p>
      <p style={`margin:0 0 8px;${QUIET}`}>{item.time}</p>
      {item.actions.map((action, at) => <Button action={action} isFirst={at === 0} />)}
    </div>
  );
}

function Counts({ counts }: { counts: Rendered["counts"] }): JSX.Element {
  return (
    <table role="presentation" style="border-collapse:collapse;margin:12px 0;width:100%;">
      {counts.map(([label, count]) => (
        <tr>
          <td style="padding:6px 12px 6px 0;border-bottom:1px solid #e5e7eb;">{label}</td>
          <td style="padding:6px 0;border-bottom:1px solid #e5e7eb;text-align:right;font-weight:600;">
            {count}
          </td>
        </tr>
      ))}
    </table>
  );
}

export function mailHtml(rendered: Rendered): string {
  const { language, title, intro, counts, choose, items, lines, page, footer } = rendered;
  const html = (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>{title}</title>
      </head>
      <body style={`margin:0;padding:16px;${FONT};font-size:15px;line-height:1.45;`}>
        <div role="main" style="max-width:560px;margin:0 auto;">
          <h1 style="font-size:20px;margin:0 0 12px;">{title}</h1>
          <p style="margin:0 0 8px;overflow-wrap:anywhere;">{intro}</p>
          {counts.length === 0 ? "" : <Counts counts={counts} />}
          {choose === "" ? "" : <p style="margin:16px 0 4px;font-weight:600;">{choose}</p>}
          {items.map((item) => <Item item={item} />)}
          {page === undefined ? "" : (
            <p style="margin:12px 0;">
              <Button action={page} isFirst={items.length === 0} />
            </p>
          )}
          {lines.map((line) => <p style="margin:8px 0;overflow-wrap:anywhere;">{line}</p>)}
          <p style={`margin:16px 0 0;${QUIET}`}>{footer}</p>
        </div>
      </body>
    </html>
  );
  return `<!doctype html>${html}`;
}
