import { assertEquals, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { NOW, timeBefore, withDatabase } from "./imported.ts";

const LOG = (host: string) =>
  `
${host} postfix/smtpd[1]: connect from mail.example.org[192.0.2.10]
${host} postfix/smtpd[1]: 4F1aaaaaaa: client=mail.example.org[192.0.2.10]
${host} postfix/qmgr[2]: 4F1aaaaaaa: from=<alice@example.org>, size=1, nrcpt=2 (queue active)
${host} postfix/virtual[3]: 4F1aaaaaaa: to=<bob@example.net>, orig_to=<Bob+x@example.net>, relay=virtual, delay=1, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)
${host} postfix/lmtp[3]: 4F1aaaaaaa: to=<eve@example.net>, relay=x[y], delay=1, dsn=4.0.0, status=deferred (busy)
${host} postfix/qmgr[2]: 4F1aaaaaaa: removed
${host} postfix/submission/smtpd[1]: 4F2aaaaaaa: client=home[198.51.100.9], sasl_method=PLAIN, sasl_username=bob
${host} postfix/qmgr[2]: 4F2aaaaaaa: from=<bob@example.net>, size=1, nrcpt=1 (queue active)
${host} postfix/smtp[3]: 4F2aaaaaaa: to=<carol@example.com>, relay=x[y], delay=1, dsn=2.0.0, status=sent (250 ok)
`.trimStart();

Deno.test("deliveries of Postfix's log make their senders known, plain, packed or exported", async () => {
  const day = new Date((NOW - 3600) * 1000);
  const month = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
  ];
  const local = `${month[day.getMonth()]} ${`${day.getDate()}`.padStart(2)} ` +
    day.toTimeString().slice(0, 8);
  const plain = LOG(`${local} mx`);
  const entries = plain.trimEnd().split("\n").map((line, at) => {
    const [, program, message] = /(postfix\S+?)\[\d+\]: (.*)$/.exec(line)!;
    const stamp = `__CURSOR=s;i=${at}\n__REALTIME_TIMESTAMP=${(NOW - 3600) * 1e6}\n`;
    const head = new TextEncoder().encode(`${stamp}SYSLOG_IDENTIFIER=${program}\n`);
    const bytes = new TextEncoder().encode(message!);
    // A value that is not plain text is written with its length.
    const size = new Uint8Array(8);
    new DataView(size.buffer).setBigUint64(0, BigInt(bytes.length), true);
    const body = at % 2 === 0
      ? new TextEncoder().encode(`MESSAGE=${message}\n\n`)
      : [...new TextEncoder().encode("MESSAGE\n"), ...size, ...bytes, 10, 10];
    return [...head, ...body];
  });
  const packed = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  const files: Record<string, Uint8Array> = {
    "mail.log": new TextEncoder().encode(plain),
    "iso.log": new TextEncoder().encode(LOG(`${timeBefore(3600)}.000000+00:00 mx`)),
    "mail.log.1.gz": new Uint8Array(await new Response(packed).arrayBuffer()),
    "journal.export": Uint8Array.from(entries.flat()),
  };
  for (const [name, bytes] of Object.entries(files)) {
    await withDatabase(async (greylag, directory, read) => {
      await Deno.writeFile(`${directory}/${name}`, bytes);
      const args = ["import", "postfix", `${directory}/${name}`, "--json"];
      const first = JSON.parse((await greylag(...args)).out);
      const kept = [first.known, first.pending, first.reputations, first.errors];
      assertEquals(kept, [1, 0, 0, 0], name);
      const key = { sender: "alice@example.org", recipient: "bob@example.net" };
      assertEquals(
        read((memory) => memory.relation(key)),
        {
          origins: ["ip:192.0.2.10", "net:192.0.2.0/24", "org:example.org"],
          firstSeen: (NOW - 3600) * 1000,
          lastSeen: (NOW - 3600) * 1000,
        },
        name,
      );
      const again = JSON.parse((await greylag(...args)).out);
      assertEquals([again.known, again.reputations, again.unchanged], [0, 0, 1], name);
    });
  }
});

Deno.test("only a delivery that was deferred before counts as retried", async () => {
  const stamp = (ago: number) => `${timeBefore(ago)}.000000+00:00 mx`;
  const reject = (ago: number, from: string) =>
    `${stamp(ago)} postfix/smtpd[1]: NOQUEUE: reject: RCPT from mail.example.org[192.0.2.10]: ` +
    "450 4.2.0 <bob@example.net>: Recipient address rejected: Greylisted; " +
    `from=<${from}> to=<bob@example.net> proto=ESMTP helo=<mail.example.org>\n`;
  const log = reject(5000, "alice@example.org") + reject(3700, "carol@example.org") +
    LOG(stamp(3600));
  await withDatabase(async (greylag, directory, read) => {
    await Deno.writeTextFile(`${directory}/x`, log);
    const { known, pending, reputations } = JSON.parse(
      (await greylag("import", "postfix", `${directory}/x`, "--json")).out,
    );
    assertEquals([known, pending, reputations], [1, 1, 4]);
    for (
      const name of [
        "ip:192.0.2.10",
        "ip:192.0.2.10 example.org",
        "net:192.0.2.0/24 example.org",
        "org:example.org",
      ]
    ) {
      assertEquals(read((memory) => memory.reputation(name)?.total), 1, name);
    }
  });
});

Deno.test("logs are read in the order of their times, whatever the order of their names", async () => {
  const reject = `${timeBefore(4000)}Z mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from ` +
    "mail.example.org[192.0.2.10]: 450 4.2.0 <bob@example.net>: Greylisted; " +
    "from=<alice@example.org> to=<bob@example.net> proto=ESMTP helo=<mail.example.org>\n";
  await withDatabase(async (greylag, directory) => {
    const [newest, oldest] = [`${directory}/mail.log`, `${directory}/mail.log.1.gz`];
    await Deno.writeTextFile(newest, LOG(`${timeBefore(3600)}Z mx`));
    const packed = new Blob([reject]).stream().pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(oldest, packed);
    await Deno.writeTextFile(`${directory}/mail.err`, "Jan  1 10:00:00 mx sshd[1]: hello\n");
    await Deno.writeTextFile(`${directory}/empty`, "");
    const files = [newest, `${directory}/mail.err`, `${directory}/empty`, oldest];
    const args = ["import", "postfix", ...files, "--json"];
    const { code, out, err } = await greylag(...args);
    assertEquals(err, `greylag: ${directory}/mail.err:1: no lines of Postfix found\n`);
    assertEquals(code, 1);
    const { known, reputations } = JSON.parse(out);
    assertEquals([known, reputations], [1, 4]);
  });
});

Deno.test("an invalid date in a log is reported with its line", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(`${directory}/x`, "2026-99-99T10:00:00Z mx postfix/smtpd[1]: hello\n");
    const { code, err } = await greylag("import", "postfix", `${directory}/x`);
    assertEquals(code, 1);
    assertStringIncludes(err, `${directory}/x:1: invalid date\n`);
  });
});

Deno.test("a log without a delivery of another host is an error", async () => {
  await withDatabase(async (greylag, directory) => {
    const path = `${directory}/x`;
    const import_ = async (log: string, ...args: string[]) => {
      await Deno.writeTextFile(path, log);
      return await greylag("import", "postfix", path, ...args);
    };
    const log = LOG(`${timeBefore(3600)}Z mx`);
    const partial = await import_(log.replaceAll(/^.*qmgr.*\n/gm, ""));
    assertEquals(partial.code, 1);
    assertStringIncludes(partial.err, "no delivery of another host found in 6 lines of Postfix");
    assertStringIncludes(
      partial.out.replaceAll(/\s+/g, " "),
      "Deliveries not counted: 1 from own networks and authenticated users, " +
        "1 whose client or sender is not in the log.",
    );
    const own = await import_(log, "--mynetworks", "127.0.0.0/8, 192.0.2.0/24");
    assertEquals(own.code, 1);
    assertStringIncludes(own.out.replaceAll(/\s+/g, " "), "2 from own networks and");
    assertEquals((await import_(log)).code, 0);
    const foreign = await import_("Jan  1 10:00:00 mx sshd[1]: hello\n");
    assertEquals(
      [foreign.code, foreign.err],
      [1, `greylag: ${path}:1: no lines of Postfix found\n`],
    );
  });
});

Deno.test("another compression names the pipe, with the options that were given", async () => {
  await withDatabase(async (greylag, directory) => {
    const path = `${directory}/mail log.zst`;
    await Deno.writeFile(path, Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0));
    const { code, err } = await greylag("import", "postfix", path, "--dry-run");
    assertEquals(code, 1);
    assertStringIncludes(
      err,
      `Run: zstd -dc '${path}' | greylag import postfix --dry-run --database=`,
    );
  });
});

Deno.test("/dev/stdin is standard input, with the permissions of the executable", async () => {
  await inDirectory(async (directory) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "run",
          "--no-check",
          "--no-prompt",
          "--allow-read",
          "--allow-write",
          "--allow-env",
          "--allow-sys",
        ],
        ...["main.ts", "import", "postfix", "/dev/stdin", "--json"],
        `--database=${directory}/g.db`,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const log = new TextEncoder().encode(LOG(`${timeBefore(3600)} mx`));
    const [, { code, stdout }] = await Promise.all([
      ReadableStream.from([log]).pipeTo(child.stdin),
      child.output(),
    ]);
    assertEquals([code, JSON.parse(new TextDecoder().decode(stdout)).log.deliveries], [0, 1]);
  });
});

Deno.test("the program itself reads a packed log", async () => {
  await inDirectory(async (directory) => {
    const packed = new Blob([LOG("Nov 24 10:00:00 mx")]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(`${directory}/mail.log.1.gz`, packed);
    const { code, out, err } = await Daemon.run([
      ...["import", "postfix", `${directory}/mail.log.1.gz`, "--json", "--dry-run"],
      `--database=${directory}/g.db`,
    ]);
    assertEquals(code, 0, err);
    assertEquals(JSON.parse(out).log.deliveries, 1);
  });
});
