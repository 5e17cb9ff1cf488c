import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { ensureSecrets } from "../../lib/notify/secret_file.ts";
import { signature } from "../../lib/notify/http.ts";
import { greylag, withDatabase } from "./database.ts";

interface Received {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** An HTTP server that accepts everything on `/`, and nothing on `/broken`. */
async function withReceiver(
  body: (url: string, received: Received[]) => Promise<void>,
): Promise<void> {
  const received: Received[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname: path } = new URL(request.url);
    received.push({ path, headers: request.headers, body: await request.text() });
    return new Response("", {
      status: path.startsWith("/broken") ? 500 : path.startsWith("/moved") ? 302 : 200,
      headers: { location: "/elsewhere" },
    });
  });
  try {
    await body(`http://127.0.0.1:${server.addr.port}`, received);
  } finally {
    await server.shutdown();
  }
}

Deno.test("notify test sends to a target, and reports one that does not accept", () =>
  withReceiver((url, received) =>
    withDatabase(async (run, database) => {
      const { webhook } = ensureSecrets(database);
      assertEquals(await run("notify", "test", `webhook:${url}/hook?key=1`), {
        code: 0,
        out: `webhook:${url.slice(7)}: accepted\n`,
        err: "",
      });
      const { headers, body } = received[0]!;
      assertEquals(JSON.parse(body).event, "test");
      const given = headers.get("greylag-signature")!;
      const seconds = Number(/^t=(\d+),/.exec(given)![1]);
      assertEquals(given, signature(body, webhook, seconds * 1000));

      for (const path of ["broken", "moved"]) {
        const failed = await run("notify", "test", `ntfy:${url}/${path}/topic`);
        assertEquals(failed.code, 1);
        assertMatch(failed.err, /^greylag: ntfy:127\.0\.0\.1:\d+: HTTP status (?:500|302)\n$/);
      }
      // A redirect could lead anywhere.
      assertEquals(received.some(({ path }) => path === "/elsewhere"), false);
    })
  ));

Deno.test("a target without a server is named without its secrets", () =>
  withDatabase(async (run) => {
    const url = `http://a:b@127.0.0.1:${freePort()}/secret-topic`;
    const { code, err } = await run("notify", "test", `ntfy:${url}`);
    assertEquals(code, 1);
    assertMatch(err, /^greylag: ntfy:127\.0\.0\.1:\d+: tcp connect error: .*refused/i);
    assertEquals(/secret-topic|a:b/.test(err), false);
  }));

Deno.test("a password in the URL of a target is sent as credentials, and never shown", () =>
  withReceiver((url, received) =>
    withDatabase(async (run) => {
      const target = `ntfy:${url.replace("//", "//:tk_secret@")}/alerts`;
      const { code, out, err } = await run("notify", "test", target);
      assertEquals([code, err], [0, ""]);
      assertEquals(out.includes("tk_secret") || out.includes("alerts"), false);
      assertEquals(received[0]!.headers.get("authorization"), `Basic ${btoa(":tk_secret")}`);
      assertEquals(JSON.parse(received[0]!.body).topic, "alerts");
    })
  ));

Deno.test("notify needs a valid target or a setting", () =>
  withDatabase(async (run) => {
    assertEquals((await run("notify", "test")).code, 1);
    assertStringIncludes((await run("notify", "test", "matrix:x")).err, '"mail:ADDRESS"');
    assertEquals((await run("notify", "tset")).code, 2);
    assertEquals((await run("notify", "list")).out, "Nobody gets notices. See: docs/notices.md\n");
  }));

Deno.test("notify list shows recipients, targets and the queue", () =>
  withDatabase(async (_, database) => {
    const config = `${database}.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${database}"\npublic_url = "https://mail.example.net"\n` +
        'notify = ["ntfy:https://ntfy.example.net/secret-topic"]\n' +
        '[[users]]\naddress = "ann@example.net"\ndigest = "day"\n',
    );
    const { out } = await greylag("notify", "list", `--config=${config}`);
    assertMatch(out, /administrator\s+ntfy:ntfy\.example\.net\s/);
    assertMatch(out, /ann@example\.net\s+mail\s+day\s+en/);
    const json = JSON.parse((await greylag("notify", "--json", `--config=${config}`)).out);
    assertEquals(json.queued, 0);
    assertEquals(json.notices.length, 2);
  }));

Deno.test("doctor finds targets that notices cannot reach", () =>
  withDatabase(async (_, database) => {
    const config = `${database}.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${database}"\nnotify_smtp = "inet:127.0.0.1:9"\n` +
        'notify = ["mail:admin@example.net", "ntfy:http://127.0.0.1:9/t", "webhook:http://127.0.0.1:9/"]\n',
    );
    const { out } = await greylag("doctor", `--config=${config}`);
    assertMatch(out, /notices cannot be sent by mail over inet:127\.0\.0\.1:9: .*ECONNREFUSED/);
    assertMatch(out, /notices cannot reach ntfy:127\.0\.0\.1:9: .*refused/i);
    assertMatch(out, /g\.db\.secret: no such file/);
  }));
