import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { combine, ConfigError } from "../../lib/config/load.ts";
import { decodeReply, type RecordType } from "../../lib/dns/message.ts";
import { parseListFile } from "../../lib/lists/list_file.ts";
import { Matcher, type Target } from "../../lib/lists/matcher.ts";
import { formatPattern, type MatchOn, parsePattern } from "../../lib/lists/pattern.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { RequestReader } from "../../lib/postfix/request.ts";
import { checkHost } from "../../lib/spf/check_host.ts";
import { parseRecord } from "../../lib/spf/record.ts";
import { greylag, withDatabase } from "../cli/database.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { resolverOf } from "../spf/zone.ts";
import { requestLines } from "../policy_client.ts";
import { report, scale, TORTURE } from "./load.ts";
import { bytesOf, mutated } from "./mutate.ts";

/** Per parser, in milliseconds. */
const TIME = scale(1500, 3_600_000);

/** Per parser and stored seed, in milliseconds. */
const REPEAT_TIME = scale(300, 60_000);

/** Texts per seed. */
const RUNS = 1000;

/** The seeds of `deno task torture`, with which every run begins. */
const SEEDS = new URL("seeds.json", import.meta.url);

interface StoredSeed {
  readonly seed: number;
  /** Tried with it. */
  readonly texts: number;
}

const seedOf = () => Number(Deno.env.get("GREYLAG_SEED") ?? Math.floor(Math.random() * 2 ** 31));

const readSeeds = (): Record<string, StoredSeed[]> => JSON.parse(Deno.readTextFileSync(SEEDS));

async function feedWith(
  texts: fc.Arbitrary<string>,
  seed: number,
  time: number,
  consume: (text: string, isLatin: boolean) => Promise<void> | void,
): Promise<number> {
  let count = 0;
  const end = performance.now() + time;
  const property = fc.asyncProperty(texts, fc.boolean(), async (text, isLatin) => {
    if (performance.now() > end) return;
    count++;
    await consume(text, isLatin);
  });
  // The memory of fast-check grows with the runs of one property.
  for (let next = seed; performance.now() < end; next++) {
    // A failure names its seed and text; GREYLAG_SEED repeats it.
    await fc.assert(property, { seed: next, numRuns: RUNS });
  }
  assert(count > 0);
  return count;
}

/** Passes mutated samples to a parser, which must not throw. */
async function fuzz(
  name: string,
  samples: readonly string[],
  words: readonly string[],
  consume: (text: string, isLatin: boolean) => Promise<void> | void,
): Promise<void> {
  const texts = mutated(samples, words);
  for (const { seed } of readSeeds()[name] ?? []) await feedWith(texts, seed, REPEAT_TIME, consume);
  const seed = seedOf();
  const count = await feedWith(texts, seed, TIME, consume);
  report(`${name}: ${count} texts, seed ${seed}`);
  if (!TORTURE) return;
  const seeds = readSeeds();
  seeds[name] = [...seeds[name] ?? [], { seed, texts: count }];
  Deno.writeTextFileSync(SEEDS, `${JSON.stringify(seeds, null, 2)}\n`);
}

const REQUEST = `${
  requestLines({
    helo_name: "mail.example.org",
    instance: "1a2b.6564d8b5.1.0",
    sender: "\u00e4lice+tag@xn--bcher-kva.example",
  })
}\n`;

const REQUEST_WORDS = [
  "request=smtpd_access_policy\n",
  "protocol_state=DATA\n",
  "sasl_username=alice\n",
  "client_address=2001:db8::1\n",
  "client_address=::ffff:192.0.2.1\n",
  "client_name=host.example.com\n",
  "sender=<>\n",
  "sender=\n",
  "=",
  "@",
  "\n\n",
  "\r\n\r\n",
];

Deno.test("fuzz: the policy parser finds the same requests in chunks", () =>
  fuzz("requests", [REQUEST], REQUEST_WORDS, (text, isLatin) => {
    const bytes = bytesOf(text, isLatin);
    const [whole, chunks] = [new RequestReader(), new RequestReader()];
    const { requests, fault } = whole.push(bytes);
    let inChunks = 0;
    for (let at = 0; at < bytes.length; at += 7) {
      inChunks += chunks.push(bytes.subarray(at, at + 7)).requests.length;
    }
    // In chunks, the limit of requests at once is not reached.
    if (fault === undefined) assertEquals(inChunks, requests.length);
    else assert(inChunks >= requests.length);
  }));

Deno.test("fuzz: the daemon answers a request or closes the connection, and continues", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const daemon = await Daemon.start([
      `--unix=${path}`,
      `--database=${directory}/g.db`,
      "--spf=off",
    ]);
    await fuzz("daemon", [REQUEST], REQUEST_WORDS, async (text, isLatin) => {
      const replies = await exchange(path, bytesOf(`${text}\n\n`, isLatin));
      assert(/^(?:action=[^\n]+\n\n)*$/.test(replies), JSON.stringify(replies));
    });
    assertStringIncludes(await daemon.ask(), "DEFER", daemon.log);
    assert(!daemon.log.includes("please report this"), daemon.log);
    assertEquals(await daemon.stop(), 0);
  });
});

const PATTERNS = [
  "192.0.2.0/24",
  "192.0.2",
  "2001:db8::/32",
  "::ffff:192.0.2.1",
  "mail.example.org",
  "org:example.org",
  "spf:example.org",
  "alice@example.org",
  "postmaster@",
  "<>",
  "/^dsl-(?:[0-9]{1,3}-){4}\\.example\\.com$/i",
];

const PATTERN_WORDS = ["/", "(", ")*", "[a-", "\\p{L}", "(?<x>", "\\1", "{1000}", "org:", "@", "."];

const TARGET: Target = {
  address: parseAddress("192.0.2.7")!,
  name: "mail.example.org",
  organisation: "example.org",
  sender: "alice@example.org",
  recipient: "bob@example.net",
};

Deno.test("fuzz: a list pattern is rejected with a reason or survives formatting and parsing", () =>
  fuzz("patterns", PATTERNS, PATTERN_WORDS, (text) => {
    for (const matchOn of ["client", "sender", "recipient"] as MatchOn[]) {
      const parsed = parsePattern(matchOn, text);
      if (!parsed.ok) {
        assert(parsed.why !== "");
        continue;
      }
      const formatted = formatPattern(parsed.pattern);
      const again = parsePattern(matchOn, formatted);
      assert(again.ok, `${formatted}: ${again.ok || again.why}`);
      assertEquals(formatPattern(again.pattern), formatted);
      new Matcher([{ list: "block", matchOn, pattern: parsed.pattern }], "+-_").find(TARGET, 0);
    }
  }));

Deno.test("fuzz: a list file has one rule or error per line at most", () =>
  fuzz(
    "list files",
    [`# comment\n${PATTERNS.join("\n")}\n`, PATTERNS.join("\r\n")],
    [...PATTERN_WORDS, "#", "\n", "include "],
    (text) => {
      const { rules, errors } = parseListFile("file", text, "client");
      assert(rules.length + errors.length <= text.split("\n").length);
    },
  ));

const SPF_RECORDS = [
  "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a:mail.example.org/28//64 mx include:other.example -all",
  "v=spf1 exists:%{ir}.%{v}._spf.%{d2} ?ptr:example.org redirect=_spf.%{d} exp=why.%{o}",
  "v=spf1 +a -mx ~all x-unknown=%{S1r+-.,/_=}",
];

const SPF_WORDS = ["include:", "exists:", "%{", "}", "%{l1r-}", "redirect=", " ", "all", "/", "//"];

Deno.test("fuzz: an SPF record has a result within the lookup limit", () =>
  fuzz("SPF records", SPF_RECORDS, SPF_WORDS, async (text) => {
    parseRecord(text);
    const asked: string[] = [];
    const { result } = await checkHost({
      ip: "192.0.2.130",
      helo: "mail.example.org",
      sender: "alice@example.org",
      resolver: resolverOf({
        "example.org": { txt: [text], a: ["192.0.2.1"], mx: ["mail.example.org"] },
        "mail.example.org": { a: ["192.0.2.2"], aaaa: ["2001:db8::1"] },
        "other.example": { txt: [text.slice(0, 200)] },
        "130.2.0.192.in-addr.arpa": { ptr: ["mail.example.org", text] },
        "_spf.example.org": { txt: ["v=spf1 -all"] },
      }, asked),
    });
    assert(/^(?:none|neutral|pass|fail|softfail|temperror|permerror)$/.test(result), result);
    // RFC 7208, 4.6.4: ten terms, and ten more names for each `mx` and `ptr`.
    assert(asked.length <= 1 + 10 * 11, `${asked.length} lookups`);
  }));

Deno.test("fuzz: DNS responses", () => {
  // The response to "example.org TXT?" with one record, a character for each byte.
  const response = "\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x07example\x03org\0\0\x10\0\x01" +
    "\xc0\x0c\0\x10\0\x01\0\0\x01\x2c\0\x0c\x0bv=spf1 -all";
  return fuzz(
    "DNS responses",
    [response],
    ["\xc0\x0c", "\xc0\x1d", "\xff\xff", "\0\x01", "\0\x1c", "\x3f", "\0\x29"],
    (text) => {
      const bytes = bytesOf(text, true);
      for (const type of ["A", "AAAA", "MX", "PTR", "TXT"] as RecordType[]) {
        decodeReply(bytes, 0x1234, "example.org", type);
      }
    },
  );
});

const CONFIGURATION = `# Delay of unknown triplets
delay = "1m"
mode = "suspicious"
listen = ["inet:127.0.0.1:10023"]
max_pending = 2_000
privacy = true
spf = "origin"
block_text = """No. """
`;

const configure = (text: string) =>
  combine({ file: { path: "greylag.toml", text }, environment: () => undefined, flags: new Map() });

Deno.test("fuzz: a configuration is accepted or rejected with file and line", () => {
  configure(CONFIGURATION);
  return fuzz(
    "configurations",
    [CONFIGURATION],
    ["[", "]", '"""', "'''", "delay = ", '"1m"', "[[a]]\n", "a.b = 1\n", "1979-05-27T07:32:00Z"],
    (text) => {
      try {
        configure(text);
      } catch (error) {
        assert(error instanceof ConfigError, String(error));
        assert(error.message.startsWith("greylag.toml"), error.message);
      }
    },
  );
});

const POSTGREY = `VERSION=3
format=print
type=btree
HEADER=END
 192.0.2.0/alice@example.org/bob@example.net
 1700000000,1700000400
 192.0.2.7
 5,1700000400
DATA=END
`;

const SQLGREY = `CREATE TABLE connect (sender_name varchar(64), src varchar(39));
INSERT INTO connect VALUES ('alice','example.org','192.0.2','bob@example.net','2026-11-20 10:00:00');
INSERT INTO \`from_awl\` VALUES ('alice','example.org','192.0.2','2026-11-20 10:00:00','2026-11-21 10:00:00');
COPY domain_awl (sender_domain, src, first_seen, last_seen) FROM stdin;
example.org\t192.0.2\t2026-11-20 10:00:00\t2026-11-21 10:00:00
\\.
`;

const POSTFIX = `Nov 24 10:00:00 mx postfix/smtpd[1]: 4ABC12345: client=mail.example.org[192.0.2.7]
Nov 24 10:00:00 mx postfix/qmgr[2]: 4ABC12345: from=<alice@example.org>, size=100, nrcpt=1 (queue active)
2026-11-24T10:00:01+01:00 mx postfix/virtual[3]: 4ABC12345: to=<bob@example.net>, relay=virtual, status=sent (ok)
Nov 24 10:00:02 mx postfix/qmgr[2]: 4ABC12345: removed
`;

Deno.test("fuzz: an import succeeds or fails with an error", async () => {
  await withDatabase(async (_, database) => {
    await inDirectory(async (directory) => {
      const file = `${directory}/file`;
      await fuzz(
        "imports",
        [POSTGREY, SQLGREY, POSTFIX],
        [
          "');",
          "','",
          "\\N",
          "\\.",
          "INSERT INTO `connect` VALUES (",
          "HEADER=END\n",
          "client=",
          "4",
        ],
        async (text, isLatin) => {
          await Deno.writeFile(file, bytesOf(text, isLatin));
          for (const kind of ["postgrey", "sqlgrey", "postfix"]) {
            const { code } = await greylag("import", kind, file, `--database=${database}`);
            assert([0, 1, 2].includes(code), `${kind}: ${code}`);
          }
        },
      );
    });
  });
});

const HTTP = [
  "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nCookie: session=x\r\n\r\n",
  "GET /waiting?q=a%40b&after=3&limit=10 HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /api/v1/decisions?q=x&limit=2 HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n",
  'POST /api/v1/entries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 43\r\n\r\n{"list":"allow","pattern":"192.0.2.0/24"}  ',
  "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\npassword=x",
];

Deno.test("fuzz: the status page answers without a server error or closes the connection, and continues", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/status`;
    const daemon = await Daemon.start([
      `--unix=${directory}/p`,
      `--database=${directory}/g.db`,
      `--status=unix:${path}`,
    ]);
    await daemon.waitFor("status server on");
    await fuzz(
      "HTTP requests",
      HTTP,
      [
        "Content-Length: 99999999999\r\n",
        "Transfer-Encoding: chunked\r\n",
        "ffffffffffffffff\r\n",
        "Host: evil.example\r\n",
        "Authorization: Bearer x\r\n",
        "HTTP/1.1",
        "%ff",
        "?",
        "&",
        "{",
        "//",
      ],
      async (text, isLatin) => {
        const response = await exchange(path, bytesOf(text, isLatin));
        assert(!/^HTTP\/1\.. 5/m.test(response), response.slice(0, 300));
      },
    );
    assertStringIncludes(await daemon.ask(), "DEFER", daemon.log);
    assert(!daemon.log.includes("please report this"), daemon.log);
    const { body } = await fetch("http://localhost/healthz", {
      client: Deno.createHttpClient({ proxy: { transport: "unix", path } }),
    });
    assert(body !== null);
    await body.cancel();
    assertEquals(await daemon.stop(), 0);
  });
});

/** Sends bytes and returns the reply until the server closes the connection, or for half a second. */
async function exchange(path: string, bytes: Uint8Array): Promise<string> {
  const conn = await Deno.connect({ transport: "unix", path });
  const close = () => {
    try {
      conn.close();
    } catch {
      // Closed already.
    }
  };
  const timer = setTimeout(close, 500);
  const sending = (async () => {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    // An incomplete request ends here.
    await conn.closeWrite();
  })().catch(() => {});
  let text = "";
  const buffer = new Uint8Array(16_384);
  const decoder = new TextDecoder();
  try {
    for (let count; (count = await conn.read(buffer)) !== null;) {
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch {
    // Closed by the timer or the server.
  }
  await sending;
  clearTimeout(timer);
  close();
  return text;
}
