import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { allCommands } from "../../lib/cli/commands.ts";
import { SETTING_NAMES } from "../../lib/config/settings.ts";
import { greylag } from "./database.ts";

Deno.test("the manual describes every command and every setting once", async () => {
  const { out } = await greylag("manual");
  for (const { name } of await allCommands()) {
    assertEquals(out.split(`.SS ${name.replaceAll("-", "\\-")}\n`).length, 2, name);
  }
  for (const name of SETTING_NAMES) {
    const flag = `\\fB\\-\\-${name.replaceAll("_", "\\-")}\\fR`;
    assert(out.split(flag).length >= 2, name);
  }
  // No line of text is taken for a request of roff's.
  for (const line of out.split("\n")) {
    assertMatch(line, /^(?:\.(?:TH|SH|SS|PP|TP|B|BR|I) ?|[^.'])|^$/, line);
  }
});

Deno.test("every shell completes every command and its options", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = await greylag("completions", shell);
    assertEquals(code, 0);
    for (const { name, options } of await allCommands()) {
      assertStringIncludes(out, name);
      for (const option of options) assertStringIncludes(out, option.name);
    }
  }
  for (const bad of [[], ["csh"], ["bash", "zsh"]]) {
    assertEquals((await greylag("completions", ...bad)).code, 2);
  }
});

Deno.test("the unit starts the given executable", async () => {
  assertMatch((await greylag("unit")).out, /^ExecStart=\/usr\/local\/bin\/greylag serve$/m);
  const unit = (await greylag("unit")).out;
  // Debian's postfix.service is a dummy.
  assertMatch(unit, /^Before=postfix\.service postfix@-\.service$/m);
  assertMatch(unit, /^StartLimitIntervalSec=0$/m);
  const { out } = await greylag("unit", "--executable=/opt/g/bin/greylag");
  assertMatch(out, /^ExecStart=\/opt\/g\/bin\/greylag serve$/m);
  for (const path of ["greylag", "/a b/greylag", "/a\nExecStart=/bin/sh", "/%h/greylag"]) {
    assertEquals((await greylag("unit", `--executable=${path}`)).code, 2, path);
  }
});
