/** Sites that read each other's pages over HTTPS: Debian's nginx, with a certificate from a private CA. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CleanUp, KILL_BELOW } from "../clean_up.ts";
import { inDirectory, untilListening } from "../daemon.ts";
import { freePort } from "../free_port.ts";
import { pause } from "../eventually.ts";
import { makeCertificates } from "./certificates.ts";
import { retryElsewhere, SiteDaemon, untilKnown, withSites } from "../share/sites.ts";

const PROXY_PORT = freePort();
const NAMES = ["mx1", "mx2"];

/** The configuration of a proxy for the status pages at ports, as `/mx1`, `/mx2` and so on. */
function configuration(directory: string, sites: readonly SiteDaemon[]): string {
  const locations = sites.map(({ name, port }) =>
    `location /${name}/ {
      proxy_pass http://127.0.0.1:${port}/;
      proxy_set_header Host $host;
    }`
  );
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`);
  return `daemon off; user root; pid ${directory}/nginx.pid; error_log ${directory}/nginx.log;
    events {}
    http {
      access_log ${directory}/access.log; ${temporary.join(" ")}
      server {
        listen 127.0.0.1:${PROXY_PORT} ssl;
        ssl_certificate ${directory}/server.pem; ssl_certificate_key ${directory}/server.key;
        ${locations.join("\n")}
      }
    }`;
}

async function withProxy(
  directory: string,
  sites: readonly SiteDaemon[],
  test: () => Promise<void>,
): Promise<void> {
  const cleanUp = new CleanUp(KILL_BELOW, directory);
  try {
    await Deno.writeTextFile(`${directory}/nginx.conf`, configuration(directory, sites));
    const proxy = new Deno.Command("/usr/sbin/nginx", {
      args: ["-e", `${directory}/nginx.log`, "-c", `${directory}/nginx.conf`],
      cwd: directory,
      stdout: "null",
      stderr: "null",
    }).spawn();
    await untilListening(PROXY_PORT);
    await test();
    proxy.kill("SIGTERM");
    await proxy.status;
  } finally {
    await cleanUp.run();
  }
}

async function sitesIn(directory: string, ...args: string[]): Promise<SiteDaemon[]> {
  await Deno.writeTextFile(`${directory}/share.key`, "a secret of the sites of this test\n");
  const url = (name: string) => `https://localhost:${PROXY_PORT}/${name}`;
  return NAMES.map((name) =>
    new SiteDaemon(name, directory, freePort(), [
      `--share=${NAMES.filter((other) => other !== name).map(url).join(",")}`,
      ...args,
    ])
  );
}

Deno.test("peers behind nginx share over HTTPS, with a certificate from a private CA", () =>
  inDirectory(async (directory) => {
    await makeCertificates(directory);
    const sites = await sitesIn(directory, `--share-ca-file=${directory}/ca.pem`);
    const [one] = sites as [SiteDaemon, SiteDaemon];
    await withProxy(directory, sites, () =>
      withSites(sites, async () => {
        await retryElsewhere(sites);
        await untilKnown("the first site knows the relation", one);
      }));
    const requests = await Deno.readTextFile(`${directory}/access.log`);
    assertMatch(requests, /"GET \/mx2\/api\/v1\/changes\?after=[^"]* HTTP\/[\d.]+" 200/);
  }));

Deno.test("a certificate of an unknown CA is not trusted, and stops no mail", () =>
  inDirectory(async (directory) => {
    await makeCertificates(directory);
    const sites = await sitesIn(directory);
    const [one, two] = sites as [SiteDaemon, SiteDaemon];
    await withProxy(directory, sites, () =>
      withSites(sites, async () => {
        await one.daemon.waitFor(/not sharing with .*invalid peer certificate: UnknownIssuer/);
        assertMatch(await one.daemon.ask(), /DEFER_IF_PERMIT/);
        await pause(1000);
        assertEquals(two.store().size().pending, 0);
      }));
    const requests = await Deno.readTextFile(`${directory}/access.log`);
    assertEquals(requests, "");
  }));

Deno.test("a file without certificates stops no mail, and the log says why", () =>
  inDirectory(async (directory) => {
    await makeCertificates(directory);
    const [site] = await sitesIn(directory, `--share-ca-file=${directory}/ca.key`);
    await withSites([site!], async () => {
      assertMatch(await site!.daemon.ask(), /DEFER_IF_PERMIT/);
      await site!.daemon.waitFor(`no certificate in ${directory}/ca.key`);
      assert(!site!.daemon.log.includes("BEGIN"), site!.daemon.log);
    });
  }));
