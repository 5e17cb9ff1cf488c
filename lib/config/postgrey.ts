/**
 * Translates postgrey's command line, so that an administrator changes the name of the program only.
 *
 * @module
 */

export interface Translation {
  readonly args: readonly string[];
  /** Options without effect, and their replacement. */
  readonly warnings: readonly string[];
  /** An option has postgrey's form, which Greylag's own options do not have. */
  readonly isPostgrey: boolean;
}

/** postgrey's default of `--auto-whitelist-clients` without a number. */
const AUTO_WHITELIST_DEFAULT = "5";

const NO_VALUE = new Map<string, string>([
  ["daemonize", "greylag runs in the foreground. Start it with systemd or another supervisor"],
  ["d", "greylag runs in the foreground. Start it with systemd or another supervisor"],
  ["exim", "greylag accepts one or more requests a connection"],
  ["lookup-by-subnet", ""],
]);

const WITH_VALUE = new Map<string, string>([
  ["user", "set `User=` in the systemd unit"],
  ["group", "set `Group=` in the systemd unit"],
  ["pidfile", "see `systemctl status greylag`"],
  ["syslog-facility", "set `SyslogFacility=` in the systemd unit"],
  ["syslogfacility", "set `SyslogFacility=` in the systemd unit"],
  ["facility", "set `SyslogFacility=` in the systemd unit"],
  ["listen-queue-size", "set `max_connections` instead"],
]);

function withUnit(value: string, unit: string): string {
  return /^\d+$/.test(value) ? value + unit : value;
}

type Rewrite = (value: string) => string[];

const REWRITES = new Map<string, Rewrite>([
  ["unix", (path) => [`--listen=unix:${path}`]],
  ["u", (path) => [`--listen=unix:${path}`]],
  ["inet", (address) => [`--listen=inet:${address}`]],
  ["i", (address) => [`--listen=inet:${address}`]],
  ["delay", (seconds) => [`--delay=${withUnit(seconds, "s")}`]],
  ["max-age", (days) => [`--lifetime=${withUnit(days, "d")}`]],
  ["retry-window", (days) => [`--retry-window=${withUnit(days, "d").toLowerCase()}`]],
  ["dbdir", (directory) => [`--database=${directory.replace(/\/+$/, "")}/greylag.db`]],
]);

const SWITCHES = new Map<string, readonly string[]>([
  ["lookup-by-host", ["--ipv4cidr=32", "--ipv6cidr=128"]],
  ["verbose", ["--log-level=debug"]],
  ["v", ["--log-level=debug"]],
  ["quiet", ["--log-level=warning"]],
  ["q", ["--log-level=warning"]],
]);

function option(arg: string): { name: string; joined: string | undefined } | undefined {
  const long = /^--([a-z][a-z0-9_-]*)(?:=(.*))?$/s.exec(arg);
  if (long !== null) return { name: long[1]!, joined: long[2] };
  const short = /^-([a-z])=?(.*)$/s.exec(arg);
  if (short !== null) return { name: short[1]!, joined: short[2] === "" ? undefined : short[2] };
  return undefined;
}

/**
 * Translates options with another name or unit in postgrey: seconds and days without a unit, short
 * options, options without effect. Other arguments stay as they are.
 */
export function translatePostgrey(given: readonly string[]): Translation {
  const args: string[] = [];
  const warnings: string[] = [];
  let isPostgrey = false;
  for (let at = 0; at < given.length; at++) {
    const arg = given[at]!;
    if (arg === "--") {
      return { args: [...args, ...given.slice(at)], warnings, isPostgrey };
    }
    const found = option(arg);
    if (found === undefined) {
      args.push(arg);
      continue;
    }
    const { name, joined } = found;
    const shown = arg.startsWith("--") ? `--${name}` : `-${name}`;
    const takeValue = () => {
      const next = given[at + 1];
      if (joined !== undefined || next === undefined || next.startsWith("-")) return joined;
      at++;
      return next;
    };

    const rewrite = REWRITES.get(name);
    const ignored = WITH_VALUE.get(name);
    if (rewrite !== undefined) {
      const value = takeValue();
      const rewritten = value === undefined ? [`--${name}`] : rewrite(value);
      args.push(...rewritten);
      if (value !== undefined && rewritten[0] !== `--${name}=${value}`) isPostgrey = true;
    } else if (ignored !== undefined) {
      takeValue();
      isPostgrey = true;
      warnings.push(`${shown} has no effect: ${ignored}`);
    } else if (NO_VALUE.has(name)) {
      const why = NO_VALUE.get(name)!;
      isPostgrey = true;
      if (why !== "") warnings.push(`${shown} has no effect: ${why}`);
    } else if (SWITCHES.has(name)) {
      args.push(...SWITCHES.get(name)!);
      isPostgrey = true;
    } else if (name === "auto-whitelist-clients" && joined === undefined) {
      const next = given[at + 1];
      const hasNumber = next !== undefined && /^\d+$/.test(next);
      if (hasNumber) at++;
      args.push(`${arg}=${hasNumber ? next : AUTO_WHITELIST_DEFAULT}`);
      if (!hasNumber) isPostgrey = true;
    } else {
      args.push(arg);
    }
  }
  return { args, warnings, isPostgrey };
}

/** Names of Debian's package first, then those of postgrey itself. */
const LIST_FILES = {
  whitelist_clients: ["/etc/postgrey/whitelist_clients", "/etc/postfix/postgrey_whitelist_clients"],
  whitelist_recipients: [
    "/etc/postgrey/whitelist_recipients",
    "/etc/postfix/postgrey_whitelist_recipients",
  ],
} as const;

/**
 * The whitelist files that postgrey reads without an option, with their `.local` files.
 *
 * @param exists tells whether there is a file at a path.
 */
export function postgreyListFiles(
  exists: (path: string) => boolean,
): Readonly<Record<keyof typeof LIST_FILES, readonly string[]>> {
  const existing = (paths: readonly string[]): readonly string[] =>
    paths.map((path) => [path, `${path}.local`].filter(exists))
      .find((found) => found.length > 0) ?? [];
  return {
    whitelist_clients: existing(LIST_FILES.whitelist_clients),
    whitelist_recipients: existing(LIST_FILES.whitelist_recipients),
  };
}
