import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon } from "../daemon.ts";
import { eventually } from "../eventually.ts";

Deno.test("the demonstration shows a page with waiting and possibly lost mail, and leaves nothing", async () => {
  const page = `127.0.0.1:${freePort()}`;
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

Deno.test("the demonstration ends with its terminal, and leaves nothing", async () => {
  const daemon = await Daemon.startCommand([
    "demo",
    `--status=inet:127.0.0.1:${freePort()}`,
  ]);
  const database = /database (\S+)/.exec(daemon.log)![1]!;
  assertEquals(await daemon.stop("SIGHUP"), 0);
  assert(!await Deno.stat(database).then(() => true, () => false), database);
});

Deno.test("the demonstration names the endpoint of its page that another program has", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `inet:127.0.0.1:${taken.addr.port}`;
  const { code, err } = await Daemon.run(["demo", `--status=${endpoint}`]);
  assertEquals(code, 1);
  assertStringIncludes(err, `cannot listen on ${endpoint}: another program listens there already`);
});

Deno.test("the demonstration refuses an endpoint that a browser cannot open", async () => {
  const { code, err } = await Daemon.run(["demo", "--status=unix:/tmp/page"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "--status must be inet:HOST:PORT");
});
