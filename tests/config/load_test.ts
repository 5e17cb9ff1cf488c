import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  combine,
  ConfigError,
  describeSource,
  flagOf,
  type GivenFlag,
  readConfigFile,
  variableOf,
} from "../../lib/config/load.ts";
import { daemonSettings } from "../../lib/config/module_settings.ts";
import { SETTING_NAMES, type SettingName } from "../../lib/config/settings.ts";
import { inDirectory } from "../daemon.ts";

const PATH = "/etc/greylag/greylag.toml";

function load(
  text?: string,
  environment: Record<string, string> = {},
  flags: Partial<Record<SettingName, string | string[]>> = {},
) {
  return combine({
    file: text === undefined ? undefined : { path: PATH, text },
    environment: (name) => environment[name],
    flags: new Map(
      Object.entries(flags).map(([name, value]): [SettingName, GivenFlag] => [
        name as SettingName,
        { flag: `--${name}`, value },
      ]),
    ),
  });
}

Deno.test("a flag overrides the environment, the environment the file", () => {
  const text = '# comment\ndelay = "2m"\n\nlifetime = "10d"\nmode = "off"\n';
  const environment = { GREYLAG_LIFETIME: "20d", GREYLAG_MODE: "shadow" };
  const { values, sources } = load(text, environment, { mode: "all" });
  assertEquals([values.delay, values.lifetime, values.mode], [
    120_000,
    20 * 86_400_000,
    "all",
  ]);
  assertEquals(describeSource(sources.delay), `${PATH}:2`);
  assertEquals(describeSource(sources.lifetime), "environment GREYLAG_LIFETIME");
  assertEquals(describeSource(sources.mode), "flag --mode");
  assertEquals(describeSource(sources.retry_window), "default");
});

Deno.test("the defaults are the documented ones", () => {
  const { rules } = daemonSettings(load().values).engine;
  assertEquals(rules, {
    mode: "auto",
    delay: 50_000,
    delaySuspicious: 300_000,
    retryWindow: 2 * 86_400_000,
    lifetime: 60 * 86_400_000,
    autoWhitelistClients: 5,
    autoWhitelistDomains: 1,
    ipv4Prefix: 24,
    ipv6Prefix: 64,
    nullSender: "rcpt",
    spf: "origin",
    spfFail: "greylist",
    hasDnsLists: false,
    listedWait: 12 * 3_600_000,
    codes: "off",
    suspicionThreshold: 3,
    sampleKey: "",
    recipientDelimiter: "+",
    learnOutbound: true,
    trustedNetworks: [],
  });
  assertEquals(load().values.socketmode, 0o666);
});

Deno.test("every setting can be written in the file as it is shown", () => {
  const { written, values } = load();
  const text = SETTING_NAMES.map((name) => `${name} = ${JSON.stringify(written[name])}\n`).join("");
  assertEquals(load(text).values, values);
});

Deno.test("every setting is also a flag and a variable", () => {
  assertEquals(flagOf("retry_window"), "--retry-window");
  assertEquals(variableOf("retry_window"), "GREYLAG_RETRY_WINDOW");
  const environment = {
    GREYLAG_AUTO_WHITELIST_CLIENTS: "7",
    GREYLAG_PRIVACY: "yes",
    GREYLAG_TRUSTED_NETWORKS: "192.0.2.0/24, 2001:db8::/32",
  };
  const { values } = load(undefined, environment, { listen: ["inet:10623", "/run/policy"] });
  assertEquals(values.auto_whitelist_clients, 7);
  assertEquals(values.privacy, true);
  assertEquals(values.trusted_networks.length, 2);
  assertEquals(values.listen, [
    { kind: "inet", host: "127.0.0.1", port: 10623 },
    { kind: "unix", path: "/run/policy" },
  ]);
});

Deno.test("an error names its place and the remedy", () => {
  const table: [string, ...string[]][] = [
    ['mode = "off"\nretry-window = "2d"', `${PATH}:2`, "did you mean retry_window?"],
    ['dealy = "2m"', `${PATH}:1`, "dealy", "did you mean delay?"],
    ['zzzzzzzz = "2m"', "unknown setting"],
    ["delay = 60", `${PATH}:1`, "a duration with its unit", "not 60"],
    ['delay = "60"', 'such as "90s"'],
    ['delay = "0s"', "from 1s to 1d"],
    ['mode = "strict"', '"all", "suspicious", "shadow", "off"', 'not "strict"'],
    ['auto_whitelist_clients = "5"', "whole number from 0"],
    ["auto_whitelist_clients = -1", "whole number from 0"],
    ["auto_whitelist_clients = 1.5", "whole number from 0"],
    ["privacy = 1", "true or false"],
    ['listen = "inet:10023"', "must be a list"],
    ["listen = []", "at least one endpoint"],
    ['listen = ["example.org:99999"]', '"inet:HOST:PORT"'],
    ['trusted_networks = ["192.0.2.0/40"]', "such as"],
    ['opt_out = ["two words"]', '"user@"'],
    ['socketmode = "rw"', 'such as "0666"'],
    ['greylist_action = "REJECT"', "an action that defers"],
    ['greylist_text = ""', "a string on one line"],
    ['greylist_text = "a\\nb"', "a string on one line"],
    ['x_greylist_header = "no header"', "a header on one line"],
    ["[delay]\nx = 1", `${PATH}:1`, "a duration"],
    ['delay = "1d"\nretry_window = "12h"', `${PATH}:2`, "longer than `delay`"],
    ['lifetime = "1d"', "not be shorter"],
    [`x = 1\n${"a".repeat(70_000)} = 1`, `${PATH}:1: x: unknown setting`],
    [`${"a".repeat(70_000)} = 1`, `${PATH}:1`, "unknown setting"],
    ["delay = ", `${PATH}:1`],
    ['delay = "1m"\ndelay = "2m"', `${PATH}:2`],
  ];
  for (const [text, ...expected] of table) {
    const error = assertThrows(() => load(text), ConfigError);
    for (const part of expected) assertStringIncludes(error.message, part, text);
    assertEquals(error.isUsage, false);
  }
});

Deno.test("an error of a flag or a variable names it, and a flag is wrong usage", () => {
  const byFlag = assertThrows(() => load(undefined, {}, { delay: "soon" }), ConfigError);
  assertStringIncludes(byFlag.message, "flag --delay");
  assertEquals(byFlag.isUsage, true);
  const byVariable = assertThrows(() => load("", { GREYLAG_IPV4CIDR: "abc" }), ConfigError);
  assertStringIncludes(byVariable.message, "environment GREYLAG_IPV4CIDR");
});

Deno.test("a request's own time is refused unless every listener is loopback or a socket", () => {
  const listen = (...endpoints: string[]) =>
    load(undefined, {}, { accept_test_time: "true", listen: endpoints });
  listen("inet:127.0.0.1:10023", "inet:[::1]:10023", "unix:/run/policy");
  for (const open of ["inet:0.0.0.0:10023", "inet:192.0.2.1:10023", "inet:[::]:10023"]) {
    const error = assertThrows(() => listen("inet:127.0.0.1:1", open), ConfigError);
    assertStringIncludes(error.message, open);
  }
});

Deno.test("a Unix socket path that is too long is an error of its setting", () => {
  const path = (length: number) => `/run/${"x".repeat(length - 5)}`;
  const limit = Deno.build.os === "linux" ? 107 : 103;
  load(`listen = ["unix:${path(limit)}"]\nstatus = "unix:${path(limit - 4)}"`);
  const listen = assertThrows(
    () => load(`# one\nlisten = ["inet:10023", "unix:${path(limit + 1)}"]`),
    ConfigError,
  );
  assertEquals(
    listen.message,
    `${PATH}:2: listen: the path of the socket has ${limit + 1} bytes, at most ${limit} are ` +
      `possible on this system: ${path(limit + 1)}. Choose a shorter path`,
  );
  const status = assertThrows(() => load(`status = "unix:${path(limit - 3)}"`), ConfigError);
  assertStringIncludes(
    status.message,
    `${PATH}:1: status: the path of the socket has ${limit - 3}`,
  );
  assertStringIncludes(status.message, `at most ${limit - 4} are possible`);
  const bytes = assertThrows(() => load(`listen = ["unix:/run/${"ü".repeat(60)}"]`), ConfigError);
  assertStringIncludes(bytes.message, "has 125 bytes");
});

Deno.test("a URL of a shared database that cannot be used is an error of its setting", () => {
  const share = (url: string, more = "") =>
    load(`share = "${url}"\nshare_password_file = "/etc/greylag/share.key"\n${more}`);
  const ca = 'share_ca_file = "/etc/greylag/ca.pem"';
  share("postgres://greylag@db.example.net/greylag");
  share("postgres://greylag@db.example.net/greylag?sslmode=verify-full", ca);
  share("postgres://greylag@[2001:db8::1]:5433/greylag?sslmode=require");
  share("postgres://greylag@localhost/greylag?host=/run/postgresql");
  share("postgres:///greylag?host=/run/postgresql&user=greylag&port=5433");
  const table: [url: string, more: string, ...expected: string[]][] = [
    ["postgres://db.example.net/greylag", "", `${PATH}:1: share: must name a user`, "USER@HOST"],
    ["postgres:///greylag?host=/run/postgresql", "", "must name a user", "&user=USER"],
    ["postgres://a%zz@db.example.net/greylag", "", "must name a user"],
    ["postgres://g@db.example.net/g?sslmode=verify-fall", "", "verify-full", 'not "verify-fall"'],
    ["postgres:///g?host=/run&user=g&sslmode=verify-full", "", "a Unix socket has no TLS"],
    ["postgres:///g?host=/run&user=g&port=x", "", "port must be a number from 1 to 65535"],
    [`postgres:///g?host=/${"x".repeat(100)}&user=g`, "", "the path of the socket has 115 bytes"],
    [
      "postgres://g@db.example.net/g?sslmode=require",
      ca,
      `${PATH}:3: share_ca_file`,
      "verify-full",
    ],
    ["postgres://g@db.example.net/g", ca, "only with sslmode=verify-full"],
  ];
  for (const [url, more, ...expected] of table) {
    const { message } = assertThrows(() => share(url, more), ConfigError);
    for (const part of expected) assertStringIncludes(message, part, url);
  }
});

Deno.test("a named file must exist, the default one need not", async () => {
  const error = assertThrows(() => readConfigFile("/nowhere/greylag.toml"), ConfigError);
  assertStringIncludes(error.message, "/nowhere/greylag.toml");
  assertStringIncludes(error.message, "no such file");
  await inDirectory(async (directory) => {
    const path = `${directory}/greylag.toml`;
    await Deno.writeTextFile(path, 'delay = "3m"');
    assertEquals(readConfigFile(path), { path, text: 'delay = "3m"' });
  });
});

Deno.test("postgrey's whitelist files replace the default, and any source replaces them", () => {
  const postgreyFiles = { whitelist_clients: ["/etc/postgrey/whitelist_clients"] };
  const none = { environment: () => undefined, flags: new Map() };
  const found = combine({ ...none, postgreyFiles });
  assertEquals(found.values.whitelist_clients, postgreyFiles.whitelist_clients);
  assertEquals(describeSource(found.sources.whitelist_clients), "postgrey's default");
  const file = { path: PATH, text: "whitelist_clients = []" };
  assertEquals(combine({ ...none, postgreyFiles, file }).values.whitelist_clients, []);
});
