import { assert, assertEquals } from "@std/assert";
import { freePort } from "../free_port.ts";
import { parseListFile } from "../../lib/lists/list_file.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import type { Attributes } from "../policy_client.ts";
import { ask, startPostgrey, stop } from "./postgrey.ts";
import { withSqlgrey } from "./sqlgrey.ts";

const NAMED: Attributes = { client_address: "192.0.2.1", client_name: "mail.example.org" };
const UNVERIFIED: Attributes = { client_address: "192.0.2.1", client_name: "unknown" };

/** A line of `whitelist_clients`, and the clients that it is tried with. */
const CLIENTS: readonly (readonly [line: string, ...clients: Attributes[]])[] = [
  ["unknown", NAMED, UNVERIFIED],
  ["/.*/", NAMED, UNVERIFIED],
  ["/^unknown$/", NAMED, UNVERIFIED],
  ["/^mail\\./", NAMED, UNVERIFIED],
  ["/MAIL/", NAMED],
  ["example.org", NAMED, { ...NAMED, client_name: "example.org" }, {
    ...NAMED,
    client_name: "notexample.org",
  }],
  ["Mail.Example.Org # a comment", NAMED, UNVERIFIED],
  ["192.0.2.1", NAMED, UNVERIFIED, { ...NAMED, client_address: "192.0.2.2" }],
  ["192.0.2", UNVERIFIED, { ...UNVERIFIED, client_address: "192.0.3.1" }],
  ["192.0.2.0/25", UNVERIFIED, { ...UNVERIFIED, client_address: "192.0.2.129" }],
  ["2001:db8::/32", UNVERIFIED, { ...UNVERIFIED, client_address: "2001:db8:5::1" }],
];

/** A line of `whitelist_recipients`, and recipients that it is tried with. */
const RECIPIENTS: readonly (readonly [line: string, ...recipients: string[]])[] = [
  ["bob@example.net", "bob@example.net", "Bob+list@example.net", "eve@example.net"],
  ["bob@", "bob@example.net", "bob+x@example.com", "bobby@example.net"],
  ["example.net", "bob@example.net", "bob@mx.example.net", "bob@notexample.net"],
  ["/^b/", "bob@example.net", "eve@example.net"],
];

async function passes(port: number, request: Attributes): Promise<boolean> {
  return (await ask(port, request)).startsWith("action=DUNNO");
}

Deno.test("a line of postgrey's whitelists matches what it matches in postgrey", async () => {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    const files = { clients: `${directory}/clients`, recipients: `${directory}/recipients` };
    const options = [
      `--whitelist-clients=${files.clients}`,
      `--whitelist-recipients=${files.recipients}`,
    ];
    const cases = [
      ...CLIENTS.map(([line, ...clients]) =>
        ({ file: "clients", line, requests: clients }) as const
      ),
      ...RECIPIENTS.map(([line, ...recipients]) => ({
        file: "recipients",
        line,
        requests: recipients.map((recipient): Attributes => ({ recipient })),
      } as const)),
    ];
    for (const [at, { file, line, requests }] of cases.entries()) {
      await Deno.writeTextFile(files.clients, "");
      await Deno.writeTextFile(files.recipients, "");
      await Deno.writeTextFile(files[file], `${line}\n`);
      const [old, own] = [freePort(), freePort()];
      await Deno.mkdir(`${directory}/${at}`);
      const postgrey = await startPostgrey(`${directory}/${at}`, old, options);
      const greylag = await Daemon.start([
        `--inet=${own}`,
        `--database=${directory}/${at}.db`,
        "--mode=all",
        "--spf=off",
        "--builtin-list=false",
        ...options,
      ]);
      for (const request of requests) {
        const expected = await passes(old, request);
        const about = `${line}: ${JSON.stringify(request)} passes postgrey: ${expected}`;
        assertEquals(await passes(own, request), expected, about);
      }
      await greylag.stop();
      await stop(postgrey);
    }
  });
});

/** A line of one of sqlgrey's list files, and clients that it is tried with. */
const OF_SQLGREY: readonly (readonly [file: string, line: string, ...clients: Attributes[]])[] = [
  ["fqdn", "mail.example.org", NAMED, UNVERIFIED],
  ["fqdn", "*.example.org", NAMED, UNVERIFIED, { ...NAMED, client_name: "notexample.org" }],
  ["fqdn", "/^mail\\d*\\.example/", NAMED, UNVERIFIED],
  ["fqdn", "/^unknown$/", NAMED, UNVERIFIED],
  ["ip", "192.0.2.1", NAMED, { ...NAMED, client_address: "192.0.2.2" }],
  ["ip", "192.0.2", UNVERIFIED, { ...UNVERIFIED, client_address: "192.0.3.1" }],
  ["ip", "192.0.2.0/25 # a comment", UNVERIFIED, { ...UNVERIFIED, client_address: "192.0.2.129" }],
  ["ip", "2001:db8::/32", UNVERIFIED, { ...UNVERIFIED, client_address: "2001:db8:5::1" }],
];

Deno.test("a line of sqlgrey's whitelists matches what it matches in sqlgrey", async () => {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    for (const [at, [kind, line, ...clients]] of OF_SQLGREY.entries()) {
      const [old, own] = [freePort(), freePort()];
      const home = `${directory}/${at}`;
      await Deno.mkdir(home);
      const name = `clients_${kind}_whitelist`;
      const passed: boolean[] = [];
      await withSqlgrey(home, old, "", async () => {
        for (const client of clients) passed.push(/dunno|prepend/i.test(await ask(old, client)));
      }, { clients_fqdn_whitelist: "", clients_ip_whitelist: "", [name]: `${line}\n` });
      const greylag = await Daemon.start([
        `--inet=${own}`,
        `--database=${directory}/${at}.db`,
        "--mode=all",
        "--builtin-list=false",
        `--whitelist-clients=${home}/${name}`,
      ]);
      for (const [index, client] of clients.entries()) {
        const about = `${line}: ${JSON.stringify(client)} passes sqlgrey: ${passed[index]}`;
        assertEquals(await passes(own, client), passed[index], about);
      }
      await greylag.stop();
    }
  });
});

Deno.test("the files that Debian ships for postgrey and sqlgrey have no error", async () => {
  const files = [
    ["/usr/share/postgrey/whitelist_clients", "client"],
    ["/usr/share/postgrey/whitelist_recipients", "recipient"],
    ["/etc/sqlgrey/clients_fqdn_whitelist", "client"],
    ["/etc/sqlgrey/clients_ip_whitelist", "client"],
  ] as const;
  for (const [path, matchOn] of files) {
    const { rules, errors } = parseListFile(path, await Deno.readTextFile(path), matchOn);
    assertEquals(errors, []);
    assert(rules.length > 1, path);
  }
});
