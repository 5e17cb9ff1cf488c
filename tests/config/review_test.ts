import { assertEquals, assertStringIncludes } from "@std/assert";
import { combine } from "../../lib/config/load.ts";
import { reviewSettings } from "../../lib/config/review.ts";

function review(text: string) {
  const file = { path: "/g.toml", text };
  return reviewSettings(combine({ file, environment: () => undefined, flags: new Map() }));
}

Deno.test("a setting without effect is named with its place and the reason", () => {
  const table: [text: string, ...expected: string[]][] = [
    ["", ...[]],
    [
      'mode = "off"\ndns_lists = ["list.example"]',
      '/g.toml:2: dns_lists has no effect: mode = "off"',
    ],
    ['mode = "suspicious"\ndns_lists = ["list.example"]', ...[]],
    ['mode = "all"\ndns_lists = ["list.example"]\nlisted = "defer"', ...[]],
    [
      'signal_weights = ["no-name=3"]',
      '/g.toml:1: signal_weights has no effect: mode = "auto" without dns_lists',
    ],
    [
      'mode = "all"\nsignal_weights = ["no-name=3"]',
      '/g.toml:2: signal_weights has no effect: mode = "all"',
    ],
    ['listed_wait = "1h"', "/g.toml:1: listed_wait has no effect: dns_lists is empty"],
    ['spf = "off"\nspf_fail = "block"', '/g.toml:2: spf_fail has no effect: spf = "off"'],
    [
      'status = "off"\nstatus_private = true',
      '/g.toml:2: status_private has no effect: status = "off"',
    ],
    ['history = "0s"\nhistory_rows = 5', '/g.toml:2: history_rows has no effect: history = "0s"'],
    ['socketmode = "0660"', "/g.toml:1: socketmode has no effect: no endpoint is a Unix socket"],
    ['socketmode = "0660"\nstatus = "unix:/run/g/status"', ...[]],
    ['socketmode = "0660"\nlisten = ["unix:/run/g/policy"]', ...[]],
  ];
  for (const [text, ...expected] of table) {
    assertEquals(review(text), { errors: [], warnings: expected }, text);
  }
});

Deno.test("an endpoint of both Postfix and the page is an error", () => {
  const table: [listen: string, status: string, collides: boolean][] = [
    ["inet:127.0.0.1:10023", "inet:127.0.0.1:10023", true],
    ["inet:0.0.0.0:10023", "inet:127.0.0.1:10023", true],
    ["inet:10023", "inet:[::]:10023", true],
    ["unix:/run/g", "unix:/run/g", true],
    ["inet:127.0.0.1:10023", "inet:127.0.0.2:10023", false],
    ["inet:127.0.0.1:10023", "inet:127.0.0.1:10024", false],
    ["unix:/run/g", "unix:/run/h", false],
  ];
  for (const [listen, status, collides] of table) {
    const { errors } = review(`listen = ["${listen}"]\nstatus = "${status}"`);
    assertEquals(errors.length, collides ? 1 : 0, `${listen} ${status}`);
    if (collides) assertStringIncludes(errors[0]!, "/g.toml:2: status =");
  }
});
