import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { splitRestrictions } from "../../lib/postfix/restrictions.ts";
import { sh } from "../clean_up.ts";
import { eventually, pause } from "../eventually.ts";
import { ALICE } from "./mail_server.ts";
import { policyCheck } from "./postfix.ts";
import { type Result, ScratchRoot } from "./scratch_root.ts";
import { send } from "./smtp.ts";

const EXECUTABLE = Deno.env.get("GREYLAG_EXECUTABLE");
const INSTALLER = new URL("../../install.sh", import.meta.url).pathname;

const NAME = "greylag-linux-x86_64";
const ARCHIVE = `${NAME}.gz`;
const XZ_ARCHIVE = `${NAME}.xz`;
const CHECK = policyCheck("inet:127.0.0.1:10023");

/** An executable that does not become ready. */
const BROKEN = `#!/bin/sh
case $1 in
  config) ;;
  version) echo "greylag 9.9.9 (broken)" ;;
  unit) cat /etc/systemd/system/greylag.service ;;
  manual) echo ;;
  *) exit 1 ;;
esac
`;

const archives = new Map<Uint8Array, Uint8Array>();

/** Compressed as a release is, only faster. */
function archiveOf(bytes: Uint8Array): Uint8Array {
  const known = archives.get(bytes);
  if (known !== undefined) return known;
  // A copy, since a Buffer may share its memory.
  const made = new Uint8Array(gzipSync(bytes, { level: 1 }));
  archives.set(bytes, made);
  return made;
}

/** By xz itself, with its fastest preset. */
async function xzOf(bytes: Uint8Array): Promise<Uint8Array> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    await sh(`xz -0 --force ${path}`);
    return await Deno.readFile(`${path}.xz`);
  } finally {
    await sh(`rm -f ${path} ${path}.xz`);
  }
}

const sumOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A download server of releases. */
class Releases {
  /** By file name. */
  readonly files = new Map<string, Uint8Array>();
  /** Names of files whose download is truncated. */
  readonly truncated = new Set<string>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const name = new URL(request.url).pathname.split("/").at(-1)!;
      const bytes = this.files.get(name);
      if (bytes === undefined) return new Response("not here", { status: 404 });
      if (!this.truncated.has(name)) return new Response(bytes.slice().buffer);
      const headers = { "content-length": String(bytes.length) };
      return new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes.slice(0, bytes.length / 2));
            controller.error(new Error("truncated"));
          },
        }),
        { headers },
      );
    },
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Serves an executable for this system, with its checksum. */
  offer(bytes: Uint8Array): void {
    const archive = archiveOf(bytes);
    this.files.set(ARCHIVE, archive);
    this.offerSums({ [NAME]: bytes, [ARCHIVE]: archive });
  }

  /** Serves an executable as a release does: compressed by xz and by gzip. */
  async offerXz(bytes: Uint8Array): Promise<void> {
    this.offer(bytes);
    const archive = await xzOf(bytes);
    this.files.set(XZ_ARCHIVE, archive);
    this.offerSums({ [NAME]: bytes, [XZ_ARCHIVE]: archive, [ARCHIVE]: archiveOf(bytes) });
  }

  offerSums(files: Readonly<Record<string, Uint8Array>>): void {
    const lines = Object.entries(files).map(([name, bytes]) => `${sumOf(bytes)}  ${name}\n`);
    this.files.set("SHA256SUMS", new TextEncoder().encode(lines.join("")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

interface Setup {
  readonly root: ScratchRoot;
  readonly releases: Releases;
  /** Runs install.sh in the scratch root. */
  install(
    args?: string,
    options?: { shell?: string; user?: string; before?: string },
  ): Promise<Result>;
  /** Checksum of the installed executable and process id of the daemon. */
  state(): Promise<[sum: string, pid: string]>;
}

let pair: [Uint8Array, Uint8Array] | undefined;

/** The executable, and the same with another checksum. */
function programs(): [Uint8Array, Uint8Array] {
  if (pair === undefined) {
    const program = Deno.readFileSync(EXECUTABLE!);
    const other = new Uint8Array(program.length + 1);
    other.set(program);
    pair = [program, other];
  }
  return pair;
}

function test(name: string, body: (place: Setup) => Promise<void>): void {
  Deno.test({
    name,
    ignore: EXECUTABLE === undefined,
    async fn() {
      await using releases = new Releases();
      releases.offer(programs()[0]);
      await using root = await ScratchRoot.make();
      await Deno.copyFile(INSTALLER, `${root.path}/tmp/install.sh`);
      await body({
        root,
        releases,
        install: (args = "", { shell = "dash", user = "root", before = "" } = {}) =>
          root.run(
            `${before}\ncat /tmp/install.sh | GREYLAG_BASE_URL=${releases.url} ${shell} -s -- ${args}`,
            { user },
          ),
        state: async () => [
          (await root.run("sha256sum /usr/local/bin/greylag")).output,
          await root.read("/run/greylag.pid"),
        ],
      });
    },
  });
}

test("as root it installs and starts the service, and prints the next steps", async ({ root, install }) => {
  const { code, output } = await install();
  assertEquals(code, 0, output);
  assertStringIncludes(output, CHECK);
  assertStringIncludes(output, "http://127.0.0.1:10623");
  assertStringIncludes(output, "greylag lists enable zen");
  assertStringIncludes((await root.run("greylag ready")).output, "ready");
  const modes = await root.run(
    "stat -c '%a %U:%G %n' /usr/local/bin/greylag /var/lib/greylag /etc/greylag/greylag.toml " +
      "/etc/systemd/system/greylag.service /var/spool/postfix/greylag; id -un greylag",
  );
  assertEquals(
    modes.output,
    "755 root:root /usr/local/bin/greylag\n700 greylag:greylag /var/lib/greylag\n" +
      "644 root:root /etc/greylag/greylag.toml\n644 root:root /etc/systemd/system/greylag.service\n" +
      "2750 greylag:postfix /var/spool/postfix/greylag\ngreylag\n",
  );
  assertStringIncludes(
    (await root.run("man -l /usr/local/share/man/man8/greylag.8")).output,
    "GREYLAG(8)",
  );
  assertEquals((await root.run("ls /usr/local/bin/.greylag* 2>/dev/null")).output, "");

  // A second run restarts nothing and keeps the settings.
  await root.run(
    `{ echo 'delay = "2m"'; echo 'dns_lists = ["bl.example"]'; } >> /etc/greylag/greylag.toml`,
  );
  const before = await root.read("/var/log/systemctl");
  const again = await install();
  assertEquals(again.code, 0, again.output);
  assertEquals(again.output.includes("greylag lists enable"), false);
  assertStringIncludes(again.output, "already installed");
  assertEquals(await root.read("/var/log/systemctl"), before);
  assertStringIncludes((await root.run("greylag config")).output, 'delay = "2m"');
});

test("only the group of Postfix may connect to the socket in its chroot", async ({ root, install }) => {
  assertEquals((await install()).code, 0);
  await root.run(
    `echo 'listen = ["inet:127.0.0.1:10023", "unix:/var/spool/postfix/greylag/policy"]' ` +
      ">> /etc/greylag/greylag.toml; systemctl restart greylag; greylag ready --wait 10s",
  );
  const ask = (user: string) =>
    root.run(
      `setpriv --reuid ${user} --regid $(id -g ${user}) --init-groups perl -MIO::Socket::UNIX -e '` +
        `my $s = IO::Socket::UNIX->new("/var/spool/postfix/greylag/policy") or die "$!\\n"; ` +
        `print $s "request=smtpd_access_policy\\nprotocol_state=CONNECT\\n\\n"; print scalar <$s>'`,
    );
  assertStringIncludes((await ask("postfix")).output, "action=DUNNO");
  assertStringIncludes((await ask("nobody")).output, "Permission denied");
});

test("as another user it installs only the executable, and says so", async ({ root, install }) => {
  await root.run("mkdir -p /tmp/home-nobody && chown nobody /tmp/home-nobody");
  const { code, output } = await install("", { user: "nobody" });
  assertEquals(code, 0, output);
  assertStringIncludes(output, "without a service");
  assertStringIncludes(output, "not in your PATH");
  assertMatch(
    (await root.run("/tmp/home-nobody/.local/bin/greylag version")).output,
    /^greylag \d/,
  );
  assertEquals(await root.read("/etc/systemd/system/greylag.service"), "");
  assertEquals((await root.run("id greylag")).code, 1);
  assertStringIncludes(
    (await install("--configure-postfix", { user: "nobody" })).output,
    "needs root",
  );
});

/** A PATH without these programs. */
const without = (...tools: string[]) =>
  `mkdir -p /tmp/bin; for f in /usr/bin/* /usr/sbin/*; do case \${f##*/} in ${
    tools.join("|")
  }) ;; ` +
  "*) ln -sf $f /tmp/bin/ ;; esac; done; PATH=/tmp/bin";

test("it downloads xz where a program unpacks it, and gzip elsewhere", async ({ root, releases, install }) => {
  const [program, other] = programs();
  await releases.offerXz(program);
  const xz = ["xz", "unxz", "busybox"];
  const table: [before: string, archive: string][] = [
    ["", XZ_ARCHIVE],
    [without("xz"), XZ_ARCHIVE],
    [without("xz", "unxz"), XZ_ARCHIVE],
    [without(...xz), ARCHIVE],
  ];
  for (const [at, [before, archive]] of table.entries()) {
    const { code, output } = await install(`--no-service --prefix /opt/x${at}`, { before });
    assertEquals(code, 0, output);
    assertStringIncludes(output, `/${archive}\n`);
    assertMatch((await root.run(`/opt/x${at}/bin/greylag version`)).output, /^greylag/);
    await root.run("rm -rf /tmp/bin");
  }

  const packed = releases.files.get(XZ_ARCHIVE)!;
  const failures: [
    archive: Uint8Array,
    unpacked: Uint8Array,
    sumOf: Uint8Array,
    message: string,
  ][] = [
    [packed, program, new Uint8Array(1), `wrong checksum of ${XZ_ARCHIVE}`],
    [packed, other, packed, `wrong checksum of ${NAME} `],
    [packed.slice(0, 9999), program, packed.slice(0, 9999), "cannot unpack"],
  ];
  for (const [archive, unpacked, summed, message] of failures) {
    releases.files.set(XZ_ARCHIVE, archive);
    releases.offerSums({ [NAME]: unpacked, [XZ_ARCHIVE]: summed });
    const { code, output } = await install("--no-service --prefix /opt/y");
    assertEquals(code, 1, output);
    assertStringIncludes(output, message);
    assertEquals((await root.run("ls -A /opt/y/bin")).output, "", message);
  }

  await Deno.writeFile(`${root.path}/tmp/${XZ_ARCHIVE}`, packed);
  const local = `--no-service --from /tmp/${XZ_ARCHIVE} --prefix /opt/z`;
  assertEquals((await install(local)).code, 0);
  assertMatch((await root.run("/opt/z/bin/greylag version")).output, /^greylag/);
  const none = await install(local, { before: without(...xz) });
  assertEquals(none.code, 1);
  assertStringIncludes(none.output, "install xz-utils");
});

test("it runs with dash, bash and busybox, with curl or wget, with sha256sum or openssl", async ({ root, install }) => {
  const flags = "--no-service --prefix";
  for (
    const [at, options] of [
      { shell: "bash" },
      { shell: "busybox sh" },
      { before: without("curl") },
      { before: without("wget", "sha256sum", "shasum") },
    ].entries()
  ) {
    const { code, output } = await install(`${flags} /opt/g${at}`, options);
    assertEquals(code, 0, output);
    assertMatch((await root.run(`/opt/g${at}/bin/greylag version`)).output, /^greylag/);
    await root.run("rm -rf /tmp/bin");
  }
  const none = await install(`${flags} /opt/none`, {
    before: without("sha256sum", "shasum", "openssl"),
  });
  assertEquals(none.code, 1);
  assertStringIncludes(none.output, "to verify the download");
  assertEquals(await root.read("/opt/none/bin/greylag"), "");
});

test("after an error the old installation is unchanged and running", async (setup) => {
  const { root, releases, install, state } = setup;
  assertEquals((await install()).code, 0);
  const before = await state();
  const [, other] = programs();
  const sums = releases.files.get("SHA256SUMS")!;
  const failures: [string, () => Promise<unknown> | void, string, string?][] = [
    [
      "a wrong checksum",
      () => void releases.files.set(ARCHIVE, archiveOf(other)),
      `wrong checksum of ${ARCHIVE}`,
    ],
    [
      "a wrong checksum after unpacking",
      () => {
        const archive = archiveOf(other);
        releases.files.set(ARCHIVE, archive);
        releases.offerSums({ [NAME]: programs()[0], [ARCHIVE]: archive });
      },
      `wrong checksum of ${NAME} `,
    ],
    [
      "an archive that cannot be unpacked",
      () => {
        const archive = archiveOf(other).slice(0, 100_000);
        releases.files.set(ARCHIVE, archive);
        releases.offerSums({ [NAME]: programs()[0], [ARCHIVE]: archive });
      },
      "cannot unpack",
    ],
    ["no executable", () => void releases.files.delete(ARCHIVE), "cannot download"],
    [
      "no checksums",
      () => void releases.files.delete("SHA256SUMS"),
      "cannot download",
    ],
    [
      "checksums of others",
      () => void releases.files.set("SHA256SUMS", new TextEncoder().encode("00  x\n")),
      "no checksum of",
    ],
    ["a truncated file", () => void releases.truncated.add(ARCHIVE), "cannot download"],
    [
      "an unknown machine",
      () =>
        root.write("/usr/local/sbin/uname", '#!/bin/sh\n[ "$1" = -m ] && echo vax || echo Linux\n'),
      "no executable for vax",
      "PATH=/usr/local/sbin:$PATH",
    ],
    [
      "an unknown system",
      () => root.write("/usr/local/sbin/uname", "#!/bin/sh\necho Plan9\n"),
      "no executable for Plan9",
      "PATH=/usr/local/sbin:$PATH",
    ],
    [
      "another C library",
      () => root.write("/usr/local/sbin/getconf", "#!/bin/sh\nexit 1\n"),
      "musl",
      "PATH=/usr/local/sbin:$PATH",
    ],
    [
      "an old C library",
      () => root.write("/usr/local/sbin/getconf", "#!/bin/sh\necho glibc 2.19\n"),
      "too old",
      "PATH=/usr/local/sbin:$PATH",
    ],
    [
      "a program that does not run",
      () => releases.offer(new TextEncoder().encode("#!/bin/sh\nexit 3\n")),
      "does not run on this system",
    ],
    [
      "another version than requested",
      () => releases.offer(other),
      "instead of version 7.7.7",
    ],
  ];
  for (const [failure, cause, message, path = ""] of failures) {
    await cause();
    const args = failure.startsWith("another version") ? "--version 7.7.7" : "";
    const { code, output } = await install(args, { before: path === "" ? "" : `export ${path}` });
    assertEquals(code, 1, `${failure}: ${output}`);
    assertStringIncludes(output, message, failure);
    assertEquals(await state(), before, failure);
    assertStringIncludes((await root.run("greylag ready")).output, "ready", failure);
    assertEquals((await root.run("ls /usr/local/bin/.greylag* 2>/dev/null")).output, "", failure);
    releases.truncated.clear();
    releases.files.set(ARCHIVE, archiveOf(programs()[0]));
    releases.files.set("SHA256SUMS", sums);
    await root.run("rm -f /usr/local/sbin/uname /usr/local/sbin/getconf");
  }
  for (const wrong of ["--nonsense", "--version", "--version '../x'", "--prefix here", "--purge"]) {
    assertEquals((await install(wrong)).code, 1, wrong);
  }
});

test("a full disk leaves the old version in place", async ({ root, releases, install }) => {
  // Space for one and a half executables.
  const size = Math.floor(programs()[0].length * 1.5);
  await sh(`mount -t tmpfs -o size=${size} tmpfs ${root.path}/usr/local/bin`);
  assertEquals((await install()).code, 0);
  const before = (await root.run("sha256sum /usr/local/bin/greylag")).output;
  releases.offer(programs()[1]);
  const { code, output } = await install();
  assertEquals(code, 1, output);
  assertEquals(
    (await root.run("sha256sum /usr/local/bin/greylag; ls -A /usr/local/bin")).output,
    `${before}greylag\n`,
  );
  assertStringIncludes((await root.run("greylag ready")).output, "ready");
});

test("a truncated script does nothing", async ({ root }) => {
  const text = await Deno.readTextFile(INSTALLER);
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index).filter((_, at) => at % 9 === 0);
  for (const end of [...ends, text.length - 3]) {
    await Deno.writeTextFile(`${root.path}/tmp/truncated.sh`, text.slice(0, end));
    await root.run("sh /tmp/truncated.sh --from /bin/true; bash < /tmp/truncated.sh");
  }
  const { output } = await root.run(
    "ls /usr/local/bin/greylag /etc/greylag /var/lib/greylag; id greylag",
  );
  assertEquals(output.match(/No such file|no such user/g)!.length, 4, output);
});

test("a version that does not become ready is rolled back", async ({ root, releases, install }) => {
  assertEquals((await install()).code, 0);
  const before = (await root.run("sha256sum /usr/local/bin/greylag")).output;
  releases.offer(new TextEncoder().encode(BROKEN));
  const { code, output } = await install("", {
    before: "sed -i s/^READY_TIME=.*/READY_TIME=10s/ /tmp/install.sh",
  });
  assertEquals(code, 1, output);
  assertStringIncludes(output, "rolling back");
  assertStringIncludes(output, "the old version is running again");
  assertEquals((await root.run("sha256sum /usr/local/bin/greylag")).output, before);
  assertStringIncludes((await root.run("greylag ready")).output, "ready");
  assertStringIncludes(
    await root.read("/etc/systemd/system/greylag.service"),
    "ExecStart=/usr/local/bin/greylag",
  );
});

test("--dry-run prints the changes and makes none", async ({ root, install }) => {
  const { code, output } = await install("--dry-run --configure-postfix");
  assertEquals(code, 0, output);
  assertStringIncludes(output, "would install");
  assertStringIncludes(output, "would change smtpd_recipient_restrictions");
  const remains = await root.run(
    "ls /usr/local/bin/greylag /etc/greylag /var/lib/greylag; id greylag",
  );
  assertEquals(remains.output.match(/No such file|no such user/g)!.length, 4, remains.output);
  const missing = await install("--dry-run --from /tmp/missing");
  assertEquals(missing.code, 1);
  assertStringIncludes(missing.output, "file not found: /tmp/missing");
});

test("a port that another program has is reported before anything changes", async ({ root, install }) => {
  const holder = Deno.listen({ hostname: "127.0.0.1", port: 10_023 });
  const taken = await install();
  assertEquals(taken.code, 1);
  assertMatch(taken.output, /port 10023 is taken by deno \(process \d+\), nothing was changed/);
  const left = await root.run("ls -A /usr/local/bin/greylag /etc/greylag; id greylag");
  assertEquals(left.output.match(/No such file|no such user/g)!.length, 3, left.output);
  holder.close();

  // The status page is no reason to refuse.
  using page = Deno.listen({ hostname: "127.0.0.1", port: 10_623 });
  const { code, output } = await install();
  assertEquals(code, 0, output);
  assertMatch(output, /port 10623 of the status page is taken by deno/);
  assertEquals(page.addr.transport, "tcp");
  await root.run("echo 'delay = 5' > /etc/greylag/greylag.toml");
  const invalid = await install();
  assertEquals(invalid.code, 1);
  assertStringIncludes(invalid.output, "the settings are not valid, nothing was changed");
  assertStringIncludes(invalid.output, "delay: must be a duration");
});

test("--take-over-postgrey imports, stops postgrey and takes its port; --uninstall starts it again", async ({ root, install }) => {
  await preparePostfix(
    root,
    "permit_mynetworks, reject_unauth_destination, check_policy_service inet:127.0.0.1:10023",
  );
  await root.run("systemctl enable postgrey; systemctl start postgrey; postfix start");
  const message = {
    address: "192.0.2.10",
    name: "mail.example.org",
    sender: "alice@example.org",
    recipients: ["bob@example.net"],
  };
  let reply = "";
  const isDeferred = (sender: string, wanted: RegExp) => async () => {
    [reply = ""] = (await send(10025, { ...message, sender })).recipients;
    return wanted.test(reply);
  };
  const seen = () => reply;
  await eventually("postgrey defers", isDeferred("alice@example.org", /^450 .*postgrey/), {}, seen);
  const refused = await install();
  assertEquals(refused.code, 1);
  assertMatch(
    refused.output,
    /port 10023 is taken by postgrey \(process \d+\).*--take-over-postgrey/,
  );
  const { code, output } = await install("--take-over-postgrey --configure-postfix");
  assertEquals(code, 0, output);
  // postgrey has not written the triplet to its file yet.
  assertStringIncludes(output, "imported: 0 known, 1 pending");
  await eventually("greylag defers", isDeferred("alice@example.org", /^450 .*seconds/), {}, seen);
  await eventually(
    "the imported triplet is pending",
    async () => (await root.read("/var/log/greylag")).includes("reason=early, client_name=mail"),
    {},
    () => root.read("/var/log/greylag"),
  );
  assertEquals((await root.run("systemctl is-enabled postgrey")).code, 1);
  assertEquals((await root.run("systemctl is-active postgrey")).code, 1);
  assertStringIncludes(
    await root.read("/etc/greylag/greylag.toml"),
    'whitelist_clients = ["/etc/postgrey/whitelist_clients"',
  );
  assertStringIncludes(await root.read("/etc/postfix/main.cf"), CHECK);
  assertMatch(
    (await send(10025, { ...message, sender: "carol@example.org" })).recipients[0]!,
    /^450 .*try again in \d+ seconds/,
  );

  const gone = await install("--uninstall");
  assertEquals(gone.code, 0, gone.output);
  assertEquals((await root.run("systemctl is-enabled postgrey")).code, 0);
  await eventually(
    "postgrey defers again",
    isDeferred("dave@example.org", /^450 .*postgrey/),
    {},
    seen,
  );
  assert(!(await root.read("/etc/postfix/main.cf")).includes("default_action"));
});

test("an interrupted upgrade is completed by the next run", async ({ root, releases, install, state }) => {
  assertEquals((await install()).code, 0);
  const [, before] = await state();
  releases.offer(programs()[1]);
  await root.run(
    "systemctl() { :; }; touch /usr/local/bin/.greylag.new.999999 " +
      "/usr/local/bin/.greylag.new.packed.999999 /usr/local/bin/.greylag.old.999999",
  );
  const interrupted = await install("", {
    before: 'sed -i \'s/^  mv -f "$new" "$target"$/&; kill -9 $$/\' /tmp/install.sh',
  });
  assert(interrupted.code !== 0, interrupted.output);
  assertEquals((await state())[1], before, "the old version runs");
  await Deno.copyFile(INSTALLER, `${root.path}/tmp/install.sh`);
  const completed = await install();
  assertEquals(completed.code, 0, completed.output);
  assertStringIncludes(completed.output, "the service does not run this version yet");
  assert((await state())[1] !== before);
  const pid = (await root.read("/run/greylag.pid")).trim();
  assertEquals((await root.run(`cmp /proc/${pid}/exe /usr/local/bin/greylag`)).code, 0);
  assertEquals((await root.run("ls /usr/local/bin/.greylag* 2>/dev/null")).output, "");
});

test("a disabled service stays disabled", async ({ root, releases, install }) => {
  assertEquals((await install()).code, 0);
  assertEquals((await root.run("systemctl is-enabled greylag")).code, 0);
  await root.run("systemctl disable --now greylag");
  releases.offer(programs()[1]);
  const { code, output } = await install();
  assertEquals(code, 0, output);
  assertStringIncludes(output, "the service is disabled and stays so");
  assertEquals((await root.run("systemctl is-enabled greylag")).code, 1);
  assertEquals((await root.run("systemctl is-active greylag")).code, 1);
  assertEquals((await install()).code, 0);
  assertEquals((await root.run("systemctl is-active greylag")).code, 1);
});

test("--uninstall --prefix touches only what belongs to the prefix", async ({ root, install }) => {
  assertEquals((await install("--configure-postfix")).code, 0);
  assertEquals((await install("--prefix /opt/g --no-service")).code, 0);
  const { code, output } = await install("--uninstall --purge --prefix /opt/g");
  assertEquals(code, 0, output);
  assertStringIncludes(output, "belong to another installation");
  assertEquals(await root.read("/opt/g/bin/greylag"), "");
  assertStringIncludes((await root.run("greylag ready")).output, "ready");
  assertEquals((await root.run("ls /etc/greylag/greylag.toml /var/lib/greylag")).code, 0);
  assertStringIncludes(await root.read("/etc/postfix/main.cf"), CHECK);
});

/** Configures a Postfix on port 10025 in the scratch root. */
async function preparePostfix(root: ScratchRoot, restrictions?: string): Promise<void> {
  const set = (line: string) => `postconf -e '${line}'`;
  const { code, output } = await root.run([
    "cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf",
    "rm -rf /var/spool/postfix/pid/*",
    ...[
      "inet_interfaces = 127.0.0.1",
      "myhostname = mx.example.net",
      "mydestination =",
      "maillog_file = /var/log/mail.log",
      "virtual_mailbox_domains = example.net",
      "virtual_transport = discard:",
      "smtpd_authorized_xclient_hosts = 127.0.0.1",
      "smtpd_peername_lookup = no",
      "smtpd_client_connection_count_limit = 0",
      "smtpd_client_connection_rate_limit = 0",
      ...(restrictions === undefined ? [] : [`smtpd_recipient_restrictions = ${restrictions}`]),
    ].map(set),
    "postconf -MX smtp/inet",
    "postconf -Me '10025/inet = 127.0.0.1:10025 inet n - y - - smtpd'",
  ].join("\n"));
  assertEquals(code, 0, output);
}

const restrictionsIn = async (root: ScratchRoot) =>
  (await root.run("postconf -h smtpd_recipient_restrictions")).output.trim();

test("--configure-postfix adds the policy check once, and --uninstall undoes it byte for byte", async ({ root, install }) => {
  const table: [string | undefined, string][] = [
    [
      undefined,
      `permit_mynetworks permit_sasl_authenticated reject_unauth_destination ${CHECK}`,
    ],
    [
      "permit_mynetworks reject_unauth_destination permit",
      `permit_mynetworks reject_unauth_destination ${CHECK} permit`,
    ],
    [
      "reject_unauth_destination, check_policy_service inet:127.0.0.1:10023",
      `reject_unauth_destination ${CHECK}`,
    ],
  ];
  for (const [before, after] of table) {
    await preparePostfix(root, before);
    const original = await root.read("/etc/postfix/main.cf");
    const { code, output } = await install("--configure-postfix");
    assertEquals(code, 0, output);
    assertEquals(splitRestrictions(await restrictionsIn(root)).join(" "), after);
    const main = await root.read("/etc/postfix/main.cf");
    assertEquals((await install("--configure-postfix")).code, 0);
    assertEquals(await root.read("/etc/postfix/main.cf"), main);
    assertEquals((await root.run("postfix check")).code, 0);
    const gone = await install("--uninstall");
    if (original.includes(":10023")) {
      // The administrator's own line stays, so greylag stays.
      assertEquals(gone.code, 1, gone.output);
      assertStringIncludes(gone.output, "Postfix still calls greylag: main.cf: smtpd_recipient");
      assertStringIncludes((await root.run("greylag ready")).output, "ready");
      assertEquals(await root.read("/etc/postfix/main.cf"), main);
      const forced = await install("--uninstall --configure-postfix");
      assertEquals(forced.code, 0, forced.output);
      assertEquals(await restrictionsIn(root), "reject_unauth_destination");
    } else {
      assertEquals(gone.code, 0, gone.output);
      assertEquals(await root.read("/etc/postfix/main.cf"), original);
    }
  }
});

test("--uninstall is refused while Postfix calls greylag by other lines", async ({ root, install }) => {
  assertEquals((await install()).code, 0);
  await preparePostfix(root, `permit_mynetworks, reject_unauth_destination, ${CHECK}`);
  await root.run(
    "echo '  -o { smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023, permit }' " +
      ">> /etc/postfix/master.cf",
  );
  const refused = await install("--uninstall --purge");
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.output, "main.cf: smtpd_recipient_restrictions");
  assertStringIncludes(
    refused.output,
    "master.cf: smtpd_recipient_restrictions of 127.0.0.1:10025/inet",
  );
  assertStringIncludes(refused.output, "nothing was changed");
  assertStringIncludes((await root.run("greylag ready")).output, "ready");
  const { code, output } = await install("--uninstall --configure-postfix");
  assertEquals(code, 0, output);
  assertEquals(await restrictionsIn(root), "permit_mynetworks, reject_unauth_destination");
  assertEquals((await root.run("{ postconf -n; postconf -P; } | grep 10023")).code, 1);
});

test("--learn-outbound lets the submission services call greylag; Postfix's delimiter is taken over", async ({ root, install }) => {
  await preparePostfix(root, "permit_mynetworks, reject_unauth_destination");
  await root.run(
    "postconf -e 'recipient_delimiter = +-_'; cat >> /etc/postfix/master.cf <<'END'\n" +
      "submission inet n - y - - smtpd\n  -o syslog_name=postfix/submission\n# own users\n" +
      "  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject\nEND",
  );
  const [mainCf, masterCf] = [
    await root.read("/etc/postfix/main.cf"),
    await root.read("/etc/postfix/master.cf"),
  ];
  const { code, output } = await install("--learn-outbound");
  assertEquals(code, 0, output);
  assertStringIncludes(
    (await root.run("postconf -P submission/inet/smtpd_recipient_restrictions")).output,
    "policy_context=submission }, permit_sasl_authenticated",
  );
  assertStringIncludes(await root.read("/etc/postfix/master.cf"), "# own users\n");
  assertStringIncludes((await root.run("greylag config")).output, 'recipient_delimiter = "+-_"');
  const doctor = "{ postconf -n; postconf -M; postconf -P; } | greylag doctor -";
  const checked = await root.run(doctor);
  assertEquals(checked.code, 0, checked.output);
  assert(!/learn_outbound|recipient_delimiter/.test(checked.output), checked.output);
  assertEquals((await install("--uninstall")).code, 0);
  assertEquals(await root.read("/etc/postfix/main.cf"), mainCf);
  assertEquals(await root.read("/etc/postfix/master.cf"), masterCf);
});

test("a main.cf that Postfix rejects is restored", async ({ root, install }) => {
  await preparePostfix(root);
  const before = await root.read("/etc/postfix/main.cf");
  await root.write(
    "/usr/local/sbin/postfix",
    '#!/bin/sh\n[ "$1" = check ] && exit 1\nexec /usr/sbin/postfix "$@"\n',
  );
  const { code, output } = await install("--configure-postfix", {
    before: "export PATH=/usr/local/sbin:$PATH",
  });
  assertEquals(code, 1);
  assertStringIncludes(output, "add the check by hand");
  assertEquals(await root.read("/etc/postfix/main.cf"), before);
  assertStringIncludes((await root.run("greylag ready")).output, "ready");
});

/** The longest time without an open policy port until it is over, in milliseconds. */
async function longestOutage(isOver: () => boolean): Promise<number> {
  let longest = 0;
  let last = performance.now();
  while (!isOver()) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port: 10_023 })).close();
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    } catch {
      // Closed; the outage goes on.
    }
    await pause(10);
  }
  return Math.max(longest, performance.now() - last);
}

test("install, configure Postfix, deliver, upgrade under load without a lost mail, uninstall", async ({ root, releases, install }) => {
  await preparePostfix(root, "permit_mynetworks, reject_unauth_destination");
  await root.run("postfix start");
  await root.run("mkdir -p /etc/greylag; echo 'delay = \"1s\"' > /etc/greylag/greylag.toml");
  const installed = await install("--configure-postfix");
  assertEquals(installed.code, 0, installed.output);
  const replyTo = async (sender: string) =>
    (await send(10025, { ...ALICE, sender })).recipients[0]!;
  assertMatch(await replyTo("alice@example.org"), /^450 4\.7\.1 .*Greylisted/);
  await eventually(
    "a retry is accepted",
    async () => /^250 /.test(await replyTo("alice@example.org")),
    { period: 200 },
  );

  let isOver = false;
  const replies: string[] = [];
  const load = Promise.all([0, 1, 2].map(async (which) => {
    for (let at = 0; !isOver; at++) {
      replies.push(
        await replyTo(at % 2 === 0 ? "alice@example.org" : `s${which}.${at}@example.org`),
      );
    }
  }));
  // Compressing blocks this process: before the measurement.
  releases.offer(programs()[1]);
  const outage = longestOutage(() => isOver);
  const before = await root.read("/run/greylag.pid");
  const upgraded = await install();
  assertEquals(upgraded.code, 0, upgraded.output);
  assert(await root.read("/run/greylag.pid") !== before);
  const atUpgrade = replies.length;
  await eventually("fifty replies of the new version", () => replies.length > atUpgrade + 50);
  isOver = true;
  await load;
  const gap = await outage;
  assert(gap < 1500, `no answer for ${gap} ms`);
  const unexpected = replies.filter((reply) => !/^250 |^450 4\.7\.1 .*Greylisted/.test(reply));
  assertEquals(unexpected, []);
  // The triplet is still known.
  assertMatch(await replyTo("alice@example.org"), /^250 /);

  const uninstalled = await install("--uninstall");
  assertEquals(uninstalled.code, 0, uninstalled.output);
  assertMatch(await replyTo("stranger@example.org"), /^250 /);
  assert((await root.read("/etc/greylag/greylag.toml")).includes("delay"));
  assertEquals((await root.run("ls /var/lib/greylag/greylag.db")).code, 0);
  assertEquals(
    (await root.run("command -v greylag || ls /etc/systemd/system/greylag.service")).code,
    2,
  );
  assertEquals((await install("--uninstall --purge")).code, 0);
  const remains = await root.run("ls /etc/greylag /var/lib/greylag; id greylag");
  assertEquals(remains.output.match(/No such file|no such user/g)!.length, 3, remains.output);
});
