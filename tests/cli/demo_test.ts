import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon } from "../daemon.ts";
import { eventually } from "../eventually.ts";

Deno.test("the demonstration shows a page with waiting and possibly lost mail, and leaves nothing", async () => {
  const page = `127.0.0.1:${getAvailablePort()}`;
  const daemon = await Daemon.startCommand(["demo", `--status=inet:${page}`]);
  const database = /database (\S+)/.exec(daemon.log)![1]!;
  let text = "";
  await eventually("the page is shown", async () => {
    text = await fetch(`http://${page}/`).then((response) => response.text(), () => "");
    return text !== "";
  });
  assertStringIncludes(text, "theatre.example");
  assertMatch(text, /next retry will be accepted/);
  assertEquals((await fetch(`http://${page}/readyz`)).status, 200);
  await daemon.waitFor(/ action=/);
  assertEquals(await daemon.stop("SIGINT"), 0);
  const isThere = await Deno.stat(database).then(() => true, () => false);
  assert(!isThere, database);
});

Deno.test("the demonstration refuses an endpoint that a browser cannot open", async () => {
  const { code, err } = await Daemon.run(["demo", "--status=unix:/tmp/page"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "--status must be inet:HOST:PORT");
});
