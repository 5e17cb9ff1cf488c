/**
 * A command line of postgrey, translated: an administrator changes the program's name and nothing
 * else.
 *
 * @module
 */

/** A translated command line. */
export interface Translation {
  /** The arguments in Greylag's own words and units. */
  readonly args: readonly string[];
  /** What was left out, and what to use instead. */
  readonly warnings: readonly string[];
}

/** postgrey's `--auto-whitelist-clients` without a number. */
const AUTO_WHITELIST_STANDARD = "5";

const NO_VALUE = new Map<string, string>([
  ["daemonize", "greylag stays in the foreground; let systemd or another supervisor start it"],
  ["d", "greylag stays in the foreground; let systemd or another supervisor start it"],
  ["exim", "greylag answers any number of requests on a connection, or one"],
  ["lookup-by-subnet", ""],
]);

const WITH_VALUE = new Map<string, string>([
  ["user", "start greylag as that user: `User=` in its systemd unit"],
  ["group", "start greylag in that group: `Group=` in its systemd unit"],
  ["pidfile", "systemd knows the process: `systemctl status greylag`"],
  [
    "syslog-facility",
    "greylag logs to standard error, which systemd keeps: `journalctl -u greylag`",
  ],
  [
    "syslogfacility",
    "greylag logs to standard error, which systemd keeps: `journalctl -u greylag`",
  ],
  ["facility", "greylag logs to standard error, which systemd keeps: `journalctl -u greylag`"],
  ["listen-queue-size", "greylag takes as many connections as `max_connections` says"],
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

/** An option of postgrey's or Greylag's: its name and the value joined to it. */
function option(arg: string): { name: string; joined: string | undefined } | undefined {
  const long = /^--([a-z][a-z0-9_-]*)(?:=(.*))?$/s.exec(arg);
  if (long !== null) return { name: long[1]!, joined: long[2] };
  const short = /^-([a-z])=?(.*)$/s.exec(arg);
  if (short !== null) return { name: short[1]!, joined: short[2] === "" ? undefined : short[2] };
  return undefined;
}

/**
 * Translates what has another name or unit with postgrey: seconds and days without a unit, short
 * options, options that have no meaning here. Everything else is left as it is.
 */
export function translatePostgrey(given: readonly string[]): Translation {
  const args: string[] = [];
  const warnings: string[] = [];
  for (let at = 0; at < given.length; at++) {
    const arg = given[at]!;
    if (arg === "--") return { args: [...args, ...given.slice(at)], warnings };
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
      args.push(...(value === undefined ? [`--${name}`] : rewrite(value)));
    } else if (ignored !== undefined) {
      takeValue();
      warnings.push(`${shown} has no meaning here: ${ignored}`);
    } else if (NO_VALUE.has(name)) {
      const why = NO_VALUE.get(name)!;
      if (why !== "") warnings.push(`${shown} has no meaning here: ${why}`);
    } else if (SWITCHES.has(name)) {
      args.push(...SWITCHES.get(name)!);
    } else if (name === "auto-whitelist-clients" && joined === undefined) {
      const next = given[at + 1];
      const hasNumber = next !== undefined && /^\d+$/.test(next);
      if (hasNumber) at++;
      args.push(`${arg}=${hasNumber ? next : AUTO_WHITELIST_STANDARD}`);
    } else {
      args.push(arg);
    }
  }
  return { args, warnings };
}
