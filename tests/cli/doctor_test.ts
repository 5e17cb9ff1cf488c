import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { withDnsServer } from "../dns_server.ts";
import { greylag } from "./database.ts";
import { eventually } from "../eventually.ts";
import { recordDecisions } from "../store/records.ts";
import { openStore } from "../../lib/store/open.ts";
import { DAY, HOUR } from "../../lib/text/duration.ts";

Deno.test("doctor checks the daemon, the database and the output of postconf", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const config = `${directory}/greylag.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${directory}/g.db"\nlisten = ["inet:${port}"]\nstatus = "off"\n`,
    );
    const doctor = (...args: string[]) => Daemon.run(["doctor", `--config=${config}`, ...args]);
    const daemon = await Daemon.start([`--config=${config}`]);
    const good = `${directory}/postconf`;
    await Deno.writeTextFile(
      good,
      "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service " +
        `{ inet:127.0.0.1:${port}, timeout=10s, default_action=DUNNO }\nsmtp inet n - y - - smtpd\n`,
    );
    assertEquals(await doctor(good), {
      code: 0,
      out:
        "advice: no DNS list is set, so every unknown client is greylisted\n    Run: greylag lists " +
        "enable zen. Listed clients are rejected then, and most others pass without delay.\n" +
        "No problems found.\n",
      err: "",
    });
    await Deno.writeTextFile(good, "smtpd_recipient_restrictions = reject_unauth_destination\n");
    assertStringIncludes((await doctor(good)).out, "master.cf was not checked");
    await Deno.writeTextFile(good, "mynetworks = 127.0.0.0/8\n");
    const bad = await doctor(good, "--json");
    assertEquals(bad.code, 1);
    assertStringIncludes(JSON.parse(bad.out)[0].what, "no check_policy_service");
    assertStringIncludes((await doctor()).out, "postconf -M; postconf -P; } | greylag doctor -");
    await daemon.stop();
    const store = openStore({ database: `${directory}/g.db`, privacy: false });
    const old = Date.now() - 5 * DAY;
    recordDecisions(store, 2 * DAY, { time: old, normalisedSender: "a" }, {
      time: old,
      normalisedSender: "b",
    }, {
      time: old + HOUR,
      normalisedSender: "b",
      decision: "reject",
      reason: "listed",
    });
    await store.close();
    assertStringIncludes(
      (await doctor()).out,
      "Of 2 messages deferred in the last 30d, 50 % were never retried, and a DNS list named the " +
        "clients of 50 % at their retry.\n",
    );

    const down = await doctor();
    assertEquals(down.code, 1);
    assertStringIncludes(down.out, `cannot connect to inet:127.0.0.1:${port}`);
    const missing = await doctor("/nowhere");
    assertEquals(missing.code, 1);
    assertStringIncludes(missing.err, "/nowhere");
  });
});

Deno.test("doctor reports a clock that was set back and a socket without access for Postfix", async () => {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o700);
    const config = `${directory}/greylag.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${directory}/g.db"\nlisten = ["unix:${directory}/policy"]\n` +
        "accept_test_time = true\n",
    );
    const daemon = await Daemon.start([`--config=${config}`]);
    const later = Math.floor(Date.now() / 1000) + 7260;
    await daemon.ask({ policy_test_time: String(later) });
    // Postfix's own user may not be there; that of every system is.
    await Deno.writeTextFile(`${directory}/postconf`, "mail_owner = nobody\n");
    let out = "";
    await eventually(
      "doctor reports the clock",
      async () => {
        ({ out } = await Daemon.run(["doctor", `${directory}/postconf`, `--config=${config}`]));
        return out.includes("the clock was set back: the newest decision is 2h");
      },
      {},
      () => out,
    );
    await daemon.stop();
    assertStringIncludes(
      out,
      `(user nobody) has no access to ${directory}/policy: the permissions of ${directory} deny`,
    );
  });
});

Deno.test("ready and doctor judge by the policy endpoint; a status page that cannot listen is a warning", async () => {
  await inDirectory(async (directory) => {
    const [port, page] = [freePort(), freePort()];
    using holder = Deno.listen({ hostname: "127.0.0.1", port: page });
    const answers = (async () => {
      for await (const conn of holder) {
        await conn.write(new TextEncoder().encode("220 smtp.example\r\n")).catch(() => {});
        conn.close();
      }
    })();
    const config = `${directory}/greylag.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${directory}/g.db"\nlisten = ["inet:${port}"]\nstatus = "inet:${page}"\n`,
    );
    const before = await Daemon.run(["ready", `--config=${config}`]);
    assertEquals(before.code, 1);
    assertStringIncludes(before.err, `cannot connect to inet:127.0.0.1:${port}`);
    const daemon = await Daemon.startCommand(["serve", `--config=${config}`]);
    await daemon.waitFor("no status page");
    const ready = await Daemon.run(["ready", `--config=${config}`]);
    assertEquals([ready.code, ready.out], [0, "ready\n"]);
    assertStringIncludes(ready.err, `warning: the status page on inet:127.0.0.1:${page}`);
    const { out } = await Daemon.run(["doctor", `--config=${config}`, "--json"]);
    assertEquals(JSON.parse(out).map(({ severity }: { severity: string }) => severity), [
      "warning",
      "advice",
    ]);
    await daemon.stop();
    holder.close();
    await answers;
  });
});

Deno.test("doctor reports a DNS list that does not work", async () => {
  const zone = { "2.0.0.127.good.example": { a: ["127.0.0.2"] } };
  await inDirectory((directory) =>
    withDnsServer(zone, async (server) => {
      const config = `${directory}/greylag.toml`;
      await Deno.writeTextFile(
        config,
        `database = "${directory}/g.db"\ndns_servers = ["${server}"]\n` +
          'dns_lists = ["good.example", "dead.example"]\n',
      );
      const { out } = await greylag("doctor", `--config=${config}`, "--json");
      const lists = JSON.parse(out).map(({ what }: { what: string }) => what)
        .filter((what: string) => what.startsWith("DNS list"));
      assertEquals(lists.length, 1);
      assertStringIncludes(
        lists[0],
        "DNS list dead.example is not confirmed: it does not list its test",
      );
    })
  );
});

Deno.test("a second daemon on the same database is reported by log, doctor and page", async () => {
  await inDirectory(async (directory) => {
    const [port, page] = [freePort(), freePort()];
    const config = `${directory}/greylag.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${directory}/g.db"\nlisten = ["inet:${port}"]\nstatus = "inet:${page}"\n`,
    );
    const doctor = async () => (await Daemon.run(["doctor", `--config=${config}`])).out;
    const first = await Daemon.startCommand(["serve", `--config=${config}`]);
    await first.waitFor("status server on");
    const text = `another greylag uses the database ${directory}/g.db as well`;
    assert(!(await doctor()).includes(text));
    const second = await Daemon.start([
      `--inet=${freePort()}`,
      `--database=${directory}/g.db`,
    ]);
    await second.waitFor(text);
    assertStringIncludes(await doctor(), text);
    const health = await (await fetch(`http://127.0.0.1:${page}/api/v1/health`)).text();
    assertStringIncludes(health, text);
    await second.stop();
    assert(!(await doctor()).includes(text));
    await first.stop();
  });
});

Deno.test("a private address that many senders share is reported by log and doctor", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const config = `${directory}/greylag.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${directory}/g.db"\nlisten = ["inet:${port}"]\nstatus = "off"\n` +
        'trusted_networks = ["10.1.0.0/16"]\n',
    );
    const daemon = await Daemon.start([`--config=${config}`]);
    for (let at = 0; at < 25; at++) {
      for (const client_address of ["172.17.0.1", "10.1.0.1", "192.0.2.10"]) {
        await daemon.ask({ client_address, client_name: "unknown", sender: `a@d${at}.example` });
      }
    }
    await daemon.waitFor("172.17.0.1 delivers mail of 20 unrelated domains");
    // The history is written a moment after the log.
    let out = "";
    await eventually("doctor reports the client", async () => {
      out = (await Daemon.run(["doctor", `--config=${config}`])).out;
      return out.includes("172.17.0.1 delivers mail of 20");
    });
    await daemon.stop();
    assertStringIncludes(out, "172.17.0.1 delivers mail of 20 unrelated domains");
    assertStringIncludes(out, "smtpd_upstream_proxy_protocol");
    assert(!(daemon.log + out).includes("10.1.0.1 delivers"));
    assert(!(daemon.log + out).includes("192.0.2.10 delivers"));
  });
});
