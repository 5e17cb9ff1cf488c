import { CleanUp, sh } from "../clean_up.ts";
import { eventually } from "../eventually.ts";
import type { Result } from "./scratch_root.ts";

/**
 * Ends the container: with its first process, which outlives systemd-nspawn, all others end. Never
 * deletes files: the root is in memory.
 */
const CLEAN_UP = `
if [ -e "$1/pid" ]; then
  nspawn=$(cat "$1/pid")
  for process in $(pgrep -P "$nspawn") "$nspawn"; do
    kill -9 "$process"
    while [ -e "/proc/$process" ]; do sleep 0.1; done
  done
fi
umount -l "$1"
rmdir "$1"`;

const decoder = new TextDecoder();

/** A fresh Debian that systemd-nspawn has booted, with a network of its own. */
export class BootedDebian {
  readonly #base: string;
  readonly #cleanUp: CleanUp;
  #leader = "";

  private constructor(base: string) {
    this.#base = base;
    this.#cleanUp = new CleanUp(CLEAN_UP, base);
  }

  /** The root directory, from outside. */
  get path(): string {
    return `${this.#base}/root`;
  }

  /**
   * Installs Debian with more packages and boots it. Needs root, the network, debootstrap and
   * systemd-nspawn.
   *
   * @returns undefined where the machine allows no container of systemd-nspawn.
   */
  static async start(packages: readonly string[]): Promise<BootedDebian | undefined> {
    const base = await Deno.makeTempDir({ prefix: "greylag-debian-" });
    const machine = new BootedDebian(base);
    try {
      const include = ["systemd", "systemd-sysv", ...packages].join(",");
      // dpkg writes each file to the disk; in memory it takes half the time.
      await sh(`mount -t tmpfs -o mode=0755 tmpfs ${base}`);
      await sh(
        `. /etc/os-release && debootstrap --variant=minbase --include=${include} ` +
          `"$VERSION_CODENAME" ${base}/root > ${base}/log 2>&1 || { tail ${base}/log >&2; exit 1; }`,
      );
      if (!await machine.#canRun()) {
        await machine.#cleanUp.run();
        return undefined;
      }
      await machine.#boot();
      return machine;
    } catch (cause) {
      const log = await Deno.readTextFile(`${base}/console`).catch(() => "");
      await machine.#cleanUp.run();
      throw new Error(`cannot boot Debian: ${log.slice(-2000)}`, { cause });
    }
  }

  get #nspawn(): string {
    return "systemd-nspawn --quiet --register=no --keep-unit --private-network " +
      `--directory ${this.path}`;
  }

  /** A machine may forbid what systemd-nspawn needs, such as a container of its own. */
  async #canRun(): Promise<boolean> {
    return await sh(`${this.#nspawn} /bin/true < /dev/null`).then(() => true, () => false);
  }

  async #boot(): Promise<void> {
    await sh(
      `setsid ${this.#nspawn} --boot > ${this.#base}/console 2>&1 < /dev/null & ` +
        `echo $! > ${this.#base}/pid`,
    );
    await eventually("Debian has booted", async () => {
      this.#leader = (await sh(`pgrep -P "$(cat ${this.#base}/pid)" || true`)).trim();
      if (this.#leader === "") return false;
      return /^(?:running|degraded)/.test((await this.run("systemctl is-system-running")).output);
    }, { timeout: 180_000, period: 200 });
  }

  /** Runs a command in the container. */
  async run(command: string): Promise<Result> {
    const { code, stdout } = await new Deno.Command("nsenter", {
      args: [
        ...["-t", this.#leader, "-m", "-u", "-i", "-n", "-p", "-r", "-w"],
        ...["sh", "-c", `{ ${command}\n} 2>&1`],
      ],
      clearEnv: true,
      env: {
        PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/root",
        DEBIAN_FRONTEND: "noninteractive",
        LC_ALL: "C.UTF-8",
      },
      stdin: "null",
    }).output();
    return { code, output: decoder.decode(stdout) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.run();
  }
}
