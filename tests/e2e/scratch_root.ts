import { CleanUp, KILL_BELOW, sh } from "../clean_up.ts";
import { eventually } from "../eventually.ts";

/**
 * A stand-in for systemctl: it runs the command of the installed unit, and Debian's postgrey.
 */
const SYSTEMCTL = `#!/bin/sh
for unit; do :; done
unit=\${unit%.service}
case $1 in
  show | is-*) ;;
  *) echo "$*" >> /var/log/systemctl ;;
esac
file=/etc/systemd/system/greylag.service
pid=/run/$unit.pid
# A zombie has no executable; nobody here reaps it at once.
runs() { [ -e /proc/$1/exe ]; }
is_active() { [ -e $pid ] && runs "$(cat $pid)"; }
stop() {
  [ -e $pid ] || return 0
  process=$(cat $pid)
  kill $process 2>/dev/null
  while runs $process; do sleep 0.01; done
  rm -f $pid
}
start() {
  if [ $unit = postgrey ]; then
    . /etc/default/postgrey
    /usr/sbin/postgrey --daemonize --pidfile=$pid $POSTGREY_OPTS > /dev/null 2>&1
    return
  fi
  install -d -o greylag -g greylag /run/greylag
  command=$(sed -n 's/^ExecStart=//p' $file)
  setpriv --reuid greylag --regid greylag --init-groups sh -c "exec $command" >> /var/log/greylag 2>&1 &
  echo $! > $pid
}
case $1 in
  restart) stop; start ;;
  start) is_active || start ;;
  stop) stop ;;
  reload) kill -HUP "$(cat $pid)" ;;
  enable) touch /run/enabled.$unit ;;
  disable) rm -f /run/enabled.$unit; [ "$2" != --now ] || stop ;;
  is-enabled) [ -e /run/enabled.$unit ] ;;
  is-active) is_active ;;
  show) is_active && cat $pid || echo 0 ;;
esac
`;

/**
 * Ends all processes in the root, unmounts and removes it. Never deletes files: those below a mount that
 * is still there may be the host's. A shell that is just mounting finishes first.
 */
const CLEAN_UP = `${KILL_BELOW}
for attempt in $(seq 50); do
  for part in root/usr/local/bin root/run root/tmp root/dev root/proc root up; do
    mountpoint -q "$1/$part" && umount -l "$1/$part"
  done
  rmdir "$1/root" "$1/up"
  rmdir "$1" && break
  sleep 0.1
done
[ ! -e "$1" ]`;

export interface Result {
  readonly code: number;
  /** Standard output and standard error. */
  readonly output: string;
}

function arePortsFree(): boolean {
  try {
    for (const port of [10_023, 10_623, 10_025]) {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    }
    return true;
  } catch {
    return false;
  }
}

interface RootOptions {
  /** Addresses of a network of its own; without them the host's network is used. */
  readonly addresses?: readonly string[];
}

/** An overlay over the file system of this machine, in which commands run by chroot. */
export class ScratchRoot {
  readonly #cleanUp: CleanUp;
  /** Outside the chroot. */
  readonly path: string;
  /** Enters the network of its own. */
  #enter: readonly string[] = [];

  private constructor(base: string) {
    this.#cleanUp = new CleanUp(CLEAN_UP, base);
    this.path = `${base}/root`;
  }

  /** Needs root and the overlay file system. */
  static async make({ addresses }: RootOptions = {}): Promise<ScratchRoot> {
    // In the host's network another daemon would answer in place of the installed one.
    if (addresses === undefined) {
      await eventually("ports 10023, 10025 and 10623 are free", arePortsFree, { timeout: 120_000 });
    }
    const base = await Deno.makeTempDir({ prefix: "greylag-root-" });
    const root = new ScratchRoot(base);
    try {
      await sh(
        `cd ${base} && mkdir up root && mount -t tmpfs tmpfs up && mkdir up/upper up/work && ` +
          `mount -t overlay overlay -o lowerdir=/,upperdir=up/upper,workdir=up/work root && ` +
          "mount --bind /proc root/proc && mount --bind /dev root/dev && " +
          "mount -t tmpfs tmpfs root/tmp && chmod 1777 root/tmp && " +
          "mount -t tmpfs tmpfs root/run && mkdir -p root/run/systemd/system && " +
          "rm -rf root/etc/greylag root/var/lib/greylag root/usr/local/bin/greylag root/var/log/greylag root/var/lib/postgrey/*",
      );
      await root.write("/usr/bin/systemctl", SYSTEMCTL);
      if (addresses !== undefined) await root.#makeNetwork(addresses);
      return root;
    } catch (error) {
      await root.#cleanUp.run();
      throw error;
    }
  }

  async #makeNetwork(addresses: readonly string[]): Promise<void> {
    // It ends with the processes of the root.
    const holder = (await sh(
      `cd ${this.path} && { unshare --net sleep infinity > /dev/null 2>&1 & echo $!; }`,
    )).trim();
    this.#enter = ["nsenter", "--target", holder, "--net"];
    const enter = this.#enter.join(" ");
    await eventually("the network is separate", async () => {
      const [own, other] = await Promise.all(
        ["self", holder].map((pid) => Deno.readLink(`/proc/${pid}/ns/net`)),
      );
      return own !== other;
    });
    await sh(`${enter} ip link set lo up`);
    for (const address of addresses) await sh(`${enter} ip address add ${address} dev lo`);
  }

  /** A program outside the root, in its network. */
  command([program, args]: readonly [string, readonly string[]]): Deno.Command {
    const [first, ...rest] = [...this.#enter, program, ...args];
    return new Deno.Command(first!, {
      args: rest,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  /** Ends everything that runs in the root, and unmounts. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.run();
  }

  /**
   * Runs a command in the root.
   *
   * @param isOnline uses the host's network in any case.
   */
  async run(
    command: string,
    { shell = "sh", user = "root", isOnline = false } = {},
  ): Promise<Result> {
    const as = user === "root"
      ? []
      : ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"];
    const enter = isOnline ? [] : this.#enter;
    const [program, ...before] = [...enter, "chroot", this.path];
    const { code, stdout, stderr } = await new Deno.Command(program!, {
      args: [...before, ...as, ...shell.split(" "), "-c", `{ ${command}\n} 2>&1`],
      clearEnv: true,
      env: { PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: `/tmp/home-${user}` },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
  }

  /** Writes an executable file. */
  async write(path: string, text: string): Promise<void> {
    await Deno.remove(this.path + path).catch(() => {});
    await Deno.writeTextFile(this.path + path, text, { mode: 0o755 });
    await Deno.chmod(this.path + path, 0o755);
  }

  /** @returns empty for a missing file. */
  read(path: string): Promise<string> {
    return Deno.readTextFile(this.path + path).catch(() => "");
  }
}
