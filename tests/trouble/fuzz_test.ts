import { assert } from "@std/assert";
import fc from "fast-check";
import { parsePattern, type Topic } from "../../lib/lists/pattern.ts";
import { parseListFile } from "../../lib/lists/list_file.ts";
import { readConfigFile } from "../../lib/config/load.ts";
import { ConfigError } from "../../lib/config/load.ts";
import { RequestReader } from "../../lib/policy/request.ts";
import { parseRecord } from "../../lib/spf/record.ts";
import { greylag } from "../cli/database.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { scale, tell } from "./load.ts";

/** So long each parser is fed, in milliseconds; the seed is told, so that a finding can be repeated. */
const TIME = scale(2000, 3_600_000);

const SEED = Number(Deno.env.get("GREYLAG_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** Bits of the languages that are parsed, so that more than the first sign is understood. */
const WORDS = [
  "request=smtpd_access_policy\n",
  "sender=",
  "\n\n",
  "\r\n",
  "=",
  "@",
  "/",
  "(",
  ")*",
  "[a-",
  "\\p{L}",
  "(?<x>",
  "192.0.2.0/24",
  "2001:db8::/32",
  "org:",
  "spf:",
  "<>",
  "v=spf1 ",
  "include:",
  "exists:%{ir}.",
  "%{",
  "redirect=",
  "-all",
  "ip4:",
  "a:b//64",
  "#",
  "[",
  '"""',
  "'",
  "delay = ",
  '"1m"',
  "\0",
  "\u202e",
  "INSERT INTO `connect` VALUES (",
  "');",
  "HEADER=END\n",
  "4578616d706c65",
  "GET / HTTP/1.1\r\n",
  "Host: localhost\r\n",
  "Content-Length: 99999999999\r\n",
  "Transfer-Encoding: chunked\r\n\r\n",
];

const hostile = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.string({ unit: "grapheme-ascii", maxLength: 40 }),
  ),
  { maxLength: 40 },
).map((parts) => parts.join(""));

/** Feeds something until the time is over; it must not throw. */
async function feed(name: string, eat: (text: string) => Promise<void> | void): Promise<void> {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      runs++;
      await eat(text);
    }),
    {
      seed: SEED,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: TIME,
      // With the seed and the path that a failure tells, it is run again: GREYLAG_SEED.
      verbose: 1,
    },
  );
  tell(`${name}: ${runs} texts, seed ${SEED}`);
  assert(runs > 0);
}

Deno.test("fuzz: the policy parser, whole and in pieces", () =>
  feed("requests", (text) => {
    const bytes = new TextEncoder().encode(text);
    const [whole, pieces] = [new RequestReader(), new RequestReader()];
    const read = whole.push(bytes).requests.length;
    let inPieces = 0;
    for (const byte of bytes) inPieces += pieces.push(new Uint8Array([byte])).requests.length;
    assert(read <= inPieces + 1);
  }));

Deno.test("fuzz: patterns of lists", () =>
  feed("patterns", (text) => {
    for (const topic of ["client", "sender", "recipient"] as Topic[]) {
      const parsed = parsePattern(topic, text);
      assert(parsed.ok || parsed.why !== "");
    }
  }));

Deno.test("fuzz: list files", () =>
  feed("list files", (text) => {
    const { rules, errors } = parseListFile("file", text, "client");
    assert(rules.length + errors.length <= text.split("\n").length);
  }));

Deno.test("fuzz: SPF records", () =>
  feed("SPF records", (text) => void parseRecord(`v=spf1 ${text}`)));

Deno.test("fuzz: the configuration file", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/greylag.toml`;
    await feed("configurations", async (text) => {
      await Deno.writeTextFile(path, text);
      try {
        readConfigFile(path);
      } catch (error) {
        assert(error instanceof ConfigError, String(error));
      }
    });
  });
});

Deno.test("fuzz: files that are imported", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const daemon = await Daemon.start([`--unix=${directory}/p`, `--database=${database}`]);
    await daemon.stop();
    await feed("imports", async (text) => {
      await Deno.writeTextFile(`${directory}/file`, text);
      for (const kind of ["postgrey", "sqlgrey", "postfix"]) {
        const { code } = await greylag(
          "import",
          kind,
          `${directory}/file`,
          `--database=${database}`,
        );
        assert([0, 1, 2].includes(code), `${kind}: ${code}`);
      }
    });
  });
});

Deno.test("fuzz: HTTP requests at the status page's socket", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/status`;
    const daemon = await Daemon.start([
      `--unix=${directory}/p`,
      `--database=${directory}/g.db`,
      `--status=unix:${path}`,
    ]);
    await daemon.waitFor("status server on");
    await feed("HTTP requests", async (text) => {
      const conn = await Deno.connect({ transport: "unix", path });
      await conn.write(new TextEncoder().encode(text)).catch(() => 0);
      // Whatever is not finished is closed from here.
      await conn.closeWrite().catch(() => {});
      const timer = setTimeout(() => conn.close(), 500);
      const buffer = new Uint8Array(4096);
      while (await conn.read(buffer).catch(() => null) !== null) continue;
      clearTimeout(timer);
      try {
        conn.close();
      } catch {
        // The timer did.
      }
    });
    assert((await daemon.ask()).includes("DEFER"));
    assert(!daemon.log.includes("please report this"), daemon.log);
    assert((await daemon.stop()) === 0);
  });
});
