import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildDeb } from "../../release/deb.ts";
import { CleanUp, sh } from "../clean_up.ts";
import { eventually } from "../eventually.ts";
import { writeArmExecutable } from "./arm_executable.ts";
import { BootedDebian } from "./booted_debian.ts";
import { ALICE } from "./mail_server.ts";
import { ScratchRoot } from "./scratch_root.ts";

const EXECUTABLE = Deno.env.get("GREYLAG_EXECUTABLE") ?? "";
const TIME = Date.UTC(2026, 10, 1);

/** The indented lines of README.Debian, as they stand in main.cf. */
async function recipe(): Promise<string> {
  const text = await Deno.readTextFile("release/debian/README.Debian");
  return text.split("\n").filter((line) => /^ {4}(?: {4}|smtpd)/.test(line))
    .map((line) => `${line.slice(4)}\n`).join("");
}

async function withDebian(body: (debian: BootedDebian) => Promise<void>): Promise<void> {
  await using debian = await BootedDebian.start(["adduser", "postfix"]);
  if (debian === undefined) {
    const why = "skipped: systemd-nspawn runs no container on this machine\n";
    await Deno.stdout.write(new TextEncoder().encode(why));
    return;
  }
  const build = (version: string) =>
    buildDeb(
      { executable: EXECUTABLE, architecture: "amd64", version, time: TIME, isFast: true },
      `${debian.path}/root`,
    );
  await build("1.0.0-rc.1");
  await build("1.0.0");
  await Deno.copyFile("install.sh", `${debian.path}/root/install.sh`);
  await Deno.copyFile(EXECUTABLE, `${debian.path}/root/greylag-linux-x86_64`);
  await body(debian);
}

const OLD = "dpkg -i /root/greylag_1.0.0~rc.1_amd64.deb";
const NEW = "dpkg -i /root/greylag_1.0.0_amd64.deb";
const INSTALLER = "sh /root/install.sh --from /root/greylag-linux-x86_64";

/** Runs a command that has to succeed; returns its output. */
async function must(debian: BootedDebian, command: string): Promise<string> {
  const { code, output } = await debian.run(command);
  assertEquals(code, 0, `${command}\n${output}`);
  return output;
}

Deno.test({
  name: "the package installs, upgrades, downgrades, is removed and purged on a booted Debian",
  ignore: EXECUTABLE === "",
  fn: () =>
    withDebian(async (debian) => {
      const pid = () => must(debian, "systemctl show -p MainPID --value greylag");
      const reply = async () =>
        (await debian.run(
          `perl /root/deliver.pl '--xclient=ADDR=${ALICE.address} NAME=${ALICE.name}' ` +
            `${ALICE.sender} ${ALICE.recipients[0]}`,
        )).output;
      await Deno.copyFile("tests/e2e/deliver.pl", `${debian.path}/root/deliver.pl`);

      const installed = await must(debian, OLD);
      assertStringIncludes(installed, "README.Debian");
      assertEquals(await must(debian, "systemctl is-active greylag"), "active\n");
      assertEquals(await must(debian, "systemctl is-enabled greylag"), "enabled\n");
      assertStringIncludes(await must(debian, "greylag ready"), "ready");
      assertEquals(
        await must(
          debian,
          "stat -c '%a %U:%G %n' /usr/bin/greylag /var/lib/greylag /etc/greylag/greylag.toml " +
            "/var/spool/postfix/greylag",
        ),
        "755 root:root /usr/bin/greylag\n700 greylag:greylag /var/lib/greylag\n" +
          "644 root:root /etc/greylag/greylag.toml\n" +
          "2750 greylag:postfix /var/spool/postfix/greylag\n",
      );
      assertStringIncludes(
        await must(debian, "stat -c %U /proc/$(systemctl show -p MainPID --value greylag)"),
        "greylag",
      );
      assertEquals(await must(debian, "dpkg --verify greylag"), "");

      // The recipe of README.Debian.
      await Deno.writeTextFile(`${debian.path}/root/recipe`, await recipe());
      await must(
        debian,
        "cat /root/recipe >> /etc/postfix/main.cf; postconf -e myhostname=mx.example.net " +
          "mydestination= virtual_mailbox_domains=example.net virtual_transport=discard: " +
          "smtpd_authorized_xclient_hosts=127.0.0.1; postfix check; systemctl restart postfix",
      );
      await debian.run(
        "echo 'delay = \"1s\"' >> /etc/greylag/greylag.toml; systemctl reload greylag",
      );
      await eventually(
        "Postfix asks Greylag",
        async () => /^450 4\.7\.1 .*Greylisted/.test(await reply()),
        { period: 200 },
        reply,
      );

      // An upgrade keeps settings and data; so does a downgrade.
      const before = await pid();
      await must(debian, NEW);
      assertEquals(
        await must(debian, "dpkg-query -W -f '${Version}' greylag; greylag ready"),
        "1.0.0ready\n",
      );
      assert(await pid() !== before, "the service was restarted");
      assertStringIncludes(await must(debian, "greylag config"), 'delay = "1s"');
      await eventually("the retry is accepted", async () => /^250 /.test(await reply()), {
        period: 300,
      }, reply);
      await must(debian, OLD);
      assertStringIncludes(
        await must(debian, "greylag find alice@example.org"),
        "alice@example.org",
      );
      assertStringIncludes(await must(debian, "greylag ready"), "ready");

      // install.sh does not touch a package.
      for (const args of ["", "--uninstall", "--uninstall --purge"]) {
        const { code, output } = await debian.run(`${INSTALLER} ${args}`);
        assertEquals(code, 1, output);
        assertStringIncludes(output, "installed as a Debian package");
        assertStringIncludes(output, "apt-get remove greylag");
      }
      assertStringIncludes(await must(debian, "greylag ready; dpkg --verify greylag"), "ready\n");

      // A stopped and disabled service stays so.
      await must(debian, `systemctl disable --now greylag 2>&1; ${NEW}`);
      assertEquals((await debian.run("systemctl is-enabled greylag")).output, "disabled\n");
      await must(debian, "systemctl enable --now greylag 2>&1");

      const removed = await must(debian, "dpkg -r greylag");
      assert(!removed.includes("still asks"), removed);
      assertMatch((await debian.run("systemctl is-active greylag")).output, /^inactive/);
      assertEquals((await debian.run("command -v greylag")).code, 127);
      await must(debian, "ls /var/lib/greylag/greylag.db /etc/greylag/greylag.toml");
      assertMatch(await reply(), /^250 /, "default_action=DUNNO accepts mail");

      // The package does not touch an installation of install.sh.
      await must(debian, INSTALLER);
      const refused = await debian.run(NEW);
      assertEquals(refused.code, 1, refused.output);
      assertStringIncludes(refused.output, "was installed by install.sh");
      assertStringIncludes(await must(debian, "greylag ready"), "ready");
      await must(debian, `${INSTALLER} --uninstall --configure-postfix; ${NEW}`);
      assertStringIncludes(await must(debian, "greylag ready"), "ready");

      await must(debian, "dpkg --purge greylag");
      const left = await debian.run(
        "ls -d /var/lib/greylag /etc/greylag /var/spool/postfix/greylag; id greylag; " +
          "find / -xdev -path /root -prune -o -path /proc -prune -o -path /etc/postfix -prune -o -name '*greylag*' -print",
      );
      assertEquals(left.output.match(/No such file|no such user/g)!.length, 4, left.output);
      assertEquals(left.output.match(/^\/.*/gm), null, left.output);
    }),
});

Deno.test({
  name:
    "the package installs, starts nothing and is purged where no systemd runs, as in a container",
  ignore: EXECUTABLE === "",
  async fn() {
    await using root = await ScratchRoot.make({ addresses: [] });
    await root.run("rm -rf /run/systemd /usr/local/sbin/postfix; userdel greylag");
    const deb = await buildDeb({
      executable: EXECUTABLE,
      architecture: "amd64",
      version: "1.0.0",
      time: TIME,
      isFast: true,
    }, `${root.path}/tmp`);
    const name = deb.split("/").at(-1)!;
    const installed = await root.run(`dpkg -i /tmp/${name}`);
    assertEquals(installed.code, 0, installed.output);
    const state = await root.run(
      "greylag version && stat -c '%U %a' /var/lib/greylag && dpkg --verify greylag",
    );
    assertMatch(state.output, /^greylag \d.*\ngreylag 700\n$/);
    // A systemctl that only writes down what it is asked for.
    assertEquals(
      await root.read("/var/log/systemctl"),
      "--root=/ --system --preset-mode=enable-only preset greylag.service\n",
    );
    const purged = await root.run("dpkg --purge greylag");
    assertEquals(purged.code, 0, purged.output);
    const left = await root.run("ls -d /var/lib/greylag /etc/greylag; id greylag");
    assertEquals(left.output.match(/No such file|no such user/g)!.length, 3, left.output);
  },
});

Deno.test({
  name: "lintian finds nothing in the package; it is reproducible, and the same for ARM",
  ignore: EXECUTABLE === "",
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "greylag-lintian-" });
    await using _ = new CleanUp('rm -rf "$1"', directory);
    await sh(`chmod 755 ${directory}; mkdir ${directory}/again`);
    const what = {
      executable: EXECUTABLE,
      architecture: "amd64",
      version: "1.0.0",
      time: TIME,
      isFast: true,
    } as const;
    const path = await buildDeb(what, directory);
    const found = await sh(`lintian --allow-root --fail-on error,warning ${path} 2>&1`);
    assertEquals(found, "");
    await sh(`cmp ${path} ${await buildDeb(what, `${directory}/again`)}`);

    await writeArmExecutable(`${directory}/arm`, EXECUTABLE);
    const other = { ...what, executable: `${directory}/arm`, architecture: "arm64" } as const;
    const arm = await buildDeb(other, directory);
    assertEquals(arm, `${directory}/greylag_1.0.0_arm64.deb`);
    assertEquals((await sh(`dpkg-deb --field ${arm} Architecture`)).trim(), "arm64");
    const files = (deb: string) => sh(`dpkg-deb --contents ${deb} | awk '{ print $1, $2, $6 }'`);
    assertEquals(await files(arm), await files(path));
  },
});
