import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import type { Attributes } from "../policy_client.ts";
import { ACCEPTED, ALICE, DEFERRED, withMailServer } from "./mail_server.ts";
import { ask, startPostgrey, stop } from "./postgrey.ts";

async function output(program: string, args: readonly string[], stdin?: string): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  }
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout);
  assert(success, text + new TextDecoder().decode(stderr));
  return text;
}

const decisions = (log: string) =>
  log.split("\n").filter((line) => /^(?:\S+: )?action=|^whitelisted: /.test(line));

/** Seconds; long enough for an early attempt of a busy machine. */
const DELAY = 6;

/** Numbers of seconds depend on the moment. */
const withoutSeconds = (line: string) =>
  line.replace(/delay=\d+/, "delay=N").replace(/\(\d+s missing\)/, "(Ns missing)");

const CLIENT: Attributes = {
  client_address: "192.0.2.10",
  client_name: "mail.example.org",
  helo_name: "mail.example.org",
};

const FIRST = { ...CLIENT, instance: "a.1" };
const LISTED_CLIENT = {
  ...CLIENT,
  client_address: "198.51.100.7",
  client_name: "mx.listed.example",
};

/** In the order in which they are asked; `wait` comes before. */
const TRAFFIC: readonly { readonly wait?: number; readonly attributes: Attributes }[] = [
  { attributes: FIRST },
  { attributes: { ...FIRST, sender: "", instance: "b.1" } },
  // postgrey counts whole seconds, and calls a retry within one of them new.
  { wait: 1100, attributes: { ...FIRST, instance: "a.2", queue_id: "4F2A" } },
  { wait: DELAY * 1000 + 100, attributes: { ...FIRST, instance: "a.3" } },
  { attributes: { ...FIRST, instance: "a.4" } },
  { attributes: { ...FIRST, sender: "", instance: "b.2" } },
  { attributes: LISTED_CLIENT },
  { attributes: { ...LISTED_CLIENT, client_address: "203.0.113.9", client_name: "unknown" } },
  { attributes: { ...CLIENT, recipient: "postmaster@example.net", client_name: "unknown" } },
];

/** Asks both servers, and compares the lines of their decisions. */
async function compareLines(
  traffic: typeof TRAFFIC,
  options: readonly string[],
  lines: number,
): Promise<readonly string[]> {
  let own: readonly string[] = [];
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    await Deno.mkdir(`${directory}/postgrey`);
    await Deno.writeTextFile(`${directory}/clients`, "listed.example\n203.0.113.0/24\n");
    await Deno.writeTextFile(`${directory}/recipients`, "postmaster@\n");
    const lists = [
      `--whitelist-clients=${directory}/clients`,
      `--whitelist-recipients=${directory}/recipients`,
    ];
    const port = freePort();
    const postgrey = await startPostgrey(`${directory}/postgrey`, port, [
      ...lists,
      ...options,
      `--delay=${DELAY}`,
    ], `${directory}/postgrey.log`);
    const greylag = await Daemon.start([
      `--inet=${freePort()}`,
      `--database=${directory}/g.db`,
      ...lists,
      ...options,
      `--delay=${DELAY}`,
      `--delay-suspicious=${DELAY}s`,
      "--no-builtin-list",
      "--log-format=postgrey",
    ]);
    for (const { wait = 0, attributes } of traffic) {
      await pause(wait);
      await Promise.all([ask(port, attributes), greylag.ask(attributes)]);
    }
    const ours = () => decisions(greylag.log);
    const theirs = async () => decisions(await Deno.readTextFile(`${directory}/postgrey.log`));
    await eventually(
      "both have logged everything",
      async () => Math.min(ours().length, (await theirs()).length) >= lines,
      {},
      () => greylag.log,
    );
    await stop(postgrey);
    await greylag.stop();
    own = ours();
    assertEquals(own.map(withoutSeconds), (await theirs()).map(withoutSeconds));
  });
  return own;
}

Deno.test("with log_format = postgrey each decision is logged as postgrey logs it", async () => {
  const lines = await compareLines(TRAFFIC, ["--auto-whitelist-clients=0"], TRAFFIC.length);
  assertEquals(lines.filter((line) => line.includes("delay=")).length, 2);
});

Deno.test("a client that is auto-whitelisted has postgrey's line as well", async () => {
  const traffic = [{ attributes: FIRST }, {
    wait: DELAY * 1000 + 100,
    attributes: { ...FIRST, instance: "a.2" },
  }];
  const lines = await compareLines(traffic, ["--auto-whitelist-clients=1"], 3);
  assertEquals(lines[1], "whitelisted: mail.example.org[192.0.2.10]");
});

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The time of syslog's lines (RFC 3164, section 4.1.2). */
function syslogTime(time: Date): string {
  const day = String(time.getDate()).padStart(2, " ");
  return `${MONTHS[time.getMonth()]} ${day} ${time.toTimeString().slice(0, 8)}`;
}

Deno.test("mailgraph, logwatch and postgreyreport read the log of Postfix and Greylag", async () => {
  await withMailServer(async ({ directory, daemon, postfix, code, untilCode }) => {
    assertEquals(await code(ALICE), DEFERRED);
    await untilCode(ALICE, ACCEPTED);
    assertEquals(await code({ ...ALICE, name: "unknown", address: "203.0.113.9" }), ACCEPTED);
    await daemon.waitFor("reason=client whitelist");
    const tries = daemon.log.match(/action=greylist/g)!.length;

    // Greylag's lines come through syslog, with the name and facility of the drop-in.
    const smtpd = await postfix.log();
    const now = new Date();
    const own = daemon.log.trimEnd().split("\n").map((line) =>
      `${syslogTime(now)} mx postgrey[4711]: ${line}`
    );
    // mailgraph counts a minute at the first event of another one.
    const later = `${syslogTime(new Date(now.getTime() + 120_000))} mx postgrey[4711]: delay=0`;
    const log = `${directory}/mail.log`;
    await Deno.writeTextFile(log, `${smtpd}${own.join("\n")}\n${later}\n`);

    const graph = await output("mailgraph", [
      "--cat",
      "-v",
      "-l",
      log,
      `--daemon-rrd=${directory}`,
    ]);
    const counts = [...graph.matchAll(/^update \d+:.*:(\d+):(\d+)$/gm)];
    const sum = (column: number) => counts.reduce((all, row) => all + Number(row[column]), 0);
    assertEquals([sum(1), sum(2)], [tries, 1], `greylisted and delayed:\n${graph}`);

    await Deno.writeTextFile(log, `${smtpd}${own.join("\n")}\n`);
    const report = await output("logwatch", [
      ...["--service", "postfix", "--range", "all", "--detail", "high", "--archives", "0"],
      ...["--logdir", directory],
    ]);
    const section = report.slice(report.indexOf("Detail (10)"));
    for (const words of ["Greylist", "New", "Triplet found", "Client whitelist"]) {
      assertMatch(section, new RegExp(`^ +\\d+ +${words}$`, "m"));
    }
    assertStringIncludes(section, "Postgrey Delays Percentiles");
    assert(!/Unmatched.*action=/s.test(report), report);

    // postgreyreport looks every deferral up in postgrey's database, and finds none of Greylag's.
    await Deno.chmod(directory, 0o755);
    await Deno.mkdir(`${directory}/postgrey`);
    const port = freePort();
    const postgrey = await startPostgrey(`${directory}/postgrey`, port);
    await ask(port, {});
    await stop(postgrey);
    const args = [`--dbdir=${directory}/postgrey`, "--user=root"];
    const deferred = await output("postgreyreport", args, smtpd);
    assertMatch(deferred, / 192\.0\.2\.10 mail\.example\.org alice@example\.org bob@example\.net/);
  }, {
    settings: (directory) => {
      Deno.writeTextFileSync(`${directory}/clients`, "203.0.113.9\n");
      return 'log_format = "postgrey"\ndelay = "2s"\ndelay_suspicious = "2s"\n' +
        `whitelist_clients = ["${directory}/clients"]\n`;
    },
  });
});

/** The drop-in of docs/log.md. */
async function documentedDropIn(): Promise<string> {
  const docs = await Deno.readTextFile(new URL("../../docs/log.md", import.meta.url));
  const found = /```ini\n(\[Service\][\s\S]*?)```/.exec(docs);
  assert(found !== null, "docs/log.md has no drop-in");
  return found[1]!;
}

Deno.test("systemd accepts the drop-in that gives Greylag's lines postgrey's name", async () => {
  await inDirectory(async (directory) => {
    const unit = (await Daemon.run(["unit", "--executable", "/bin/true"])).out;
    await Deno.writeTextFile(`${directory}/greylag.service`, unit);
    await Deno.mkdir(`${directory}/greylag.service.d`);
    await Deno.writeTextFile(
      `${directory}/greylag.service.d/override.conf`,
      await documentedDropIn(),
    );
    const verify = new Deno.Command("systemd-analyze", {
      args: ["verify", "--man=no", `${directory}/greylag.service`],
      stdout: "piped",
      stderr: "piped",
    });
    const { stderr } = await verify.output();
    const complaints = new TextDecoder().decode(stderr).split("\n")
      .filter((line) => line.includes(directory));
    assertEquals(complaints, []);
  });
});
