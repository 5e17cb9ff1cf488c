import { assertEquals, assertStringIncludes } from "@std/assert";
import { postgreyListFiles, translatePostgrey } from "../../lib/config/postgrey.ts";

Deno.test("postgrey's options have postgrey's meaning and units", () => {
  const table: [string[], string[]][] = [
    [["--delay=300"], ["--delay=300s"]],
    [["--delay", "300"], ["--delay=300s"]],
    [["--delay=5m"], ["--delay=5m"]],
    [["--max-age=35"], ["--lifetime=35d"]],
    [["--retry-window=2"], ["--retry-window=2d"]],
    [["--retry-window=6h"], ["--retry-window=6h"]],
    [["--retry-window", "6H"], ["--retry-window=6h"]],
    [["--inet=10023"], ["--listen=inet:10023"]],
    [["-i", "127.0.0.1:10023"], ["--listen=inet:127.0.0.1:10023"]],
    [["--unix=/run/p", "-u", "/run/q"], ["--listen=unix:/run/p", "--listen=unix:/run/q"]],
    [["-u/run/p"], ["--listen=unix:/run/p"]],
    [["--dbdir=/var/lib/x/"], ["--database=/var/lib/x/greylag.db"]],
    [["--lookup-by-subnet"], []],
    [["--lookup-by-host"], ["--ipv4cidr=32", "--ipv6cidr=128"]],
    [["--ipv4cidr=26", "--ipv6cidr=56"], ["--ipv4cidr=26", "--ipv6cidr=56"]],
    [["--auto-whitelist-clients"], ["--auto-whitelist-clients=5"]],
    [["--auto-whitelist-clients", "--privacy"], ["--auto-whitelist-clients=5", "--privacy"]],
    [["--auto-whitelist-clients", "3"], ["--auto-whitelist-clients=3"]],
    [["--auto-whitelist-clients=0"], ["--auto-whitelist-clients=0"]],
    [["--greylist-text=Wait %s", "--greylist-action=451"], [
      "--greylist-text=Wait %s",
      "--greylist-action=451",
    ]],
    [["--x-greylist-header", "X-A: b", "--hostname=mx"], [
      "--x-greylist-header",
      "X-A: b",
      "--hostname=mx",
    ]],
    [["--socketmode=0660", "--privacy"], ["--socketmode=0660", "--privacy"]],
    [["-v"], ["--log-level=debug"]],
    [["--quiet"], ["--log-level=warning"]],
    [["serve", "--", "--delay=300"], ["serve", "--", "--delay=300"]],
  ];
  for (const [given, expected] of table) {
    const { args, warnings } = translatePostgrey(given);
    assertEquals(args, expected, given.join(" "));
    assertEquals(warnings, [], given.join(" "));
  }
});

Deno.test("options without effect are left out, with their replacement", () => {
  const table: [string[], string][] = [
    [["--daemonize"], "systemd"],
    [["-d"], "foreground"],
    [["--user=postgrey"], "User="],
    [["--group", "postgrey"], "Group="],
    [["--pidfile=/run/p.pid"], "systemctl"],
    [["--syslog-facility=mail"], "SyslogFacility="],
    [["--exim"], "one or more requests"],
    [["--listen-queue-size=10"], "max_connections"],
  ];
  for (const [given, expected] of table) {
    const { args, warnings } = translatePostgrey([...given, "--delay=1"]);
    assertEquals(args, ["--delay=1s"], given.join(" "));
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0]!, given[0]!.split("=")[0]!);
    assertStringIncludes(warnings[0]!, expected);
  }
});

Deno.test("a value that is missing stays missing, so that the parser can say so", () => {
  assertEquals(translatePostgrey(["--delay"]).args, ["--delay"]);
});

Deno.test("an option in postgrey's form is told from one of Greylag", () => {
  const table: [args: string[], isPostgrey: boolean][] = [
    [[], false],
    [["--listen=inet:10023", "--delay=5m", "--retry-window=2d", "--privacy"], false],
    [["--auto-whitelist-clients=5", "--hostname=mx"], false],
    [["--delay=300"], true],
    [["--retry-window=2"], true],
    [["--inet=10023"], true],
    [["-u", "/run/p"], true],
    [["-d"], true],
    [["--user=postgrey"], true],
    [["--auto-whitelist-clients"], true],
    [["--verbose", "--", "--delay=5m"], true],
    [["--", "--inet=10023"], false],
  ];
  for (const [args, isPostgrey] of table) {
    assertEquals(translatePostgrey(args).isPostgrey, isPostgrey, args.join(" "));
  }
});

Deno.test("postgrey's own whitelist files are found, Debian's first", () => {
  const debian = "/etc/postgrey/whitelist";
  const upstream = "/etc/postfix/postgrey_whitelist";
  const table: [existing: string[], clients: string[], recipients: string[]][] = [
    [[], [], []],
    [[`${debian}_clients`], [`${debian}_clients`], []],
    [
      [`${debian}_clients`, `${debian}_clients.local`, `${upstream}_clients`],
      [`${debian}_clients`, `${debian}_clients.local`],
      [],
    ],
    [
      [`${debian}_clients.local`, `${upstream}_recipients`],
      [`${debian}_clients.local`],
      [`${upstream}_recipients`],
    ],
  ];
  for (const [existing, clients, recipients] of table) {
    assertEquals(
      postgreyListFiles((path) => existing.includes(path)),
      { whitelist_clients: clients, whitelist_recipients: recipients },
    );
  }
});
