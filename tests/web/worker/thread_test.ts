import { assertEquals } from "@std/assert";
import { permissionsFor } from "../../../lib/web/worker/thread.ts";
import { withPage } from "../page.ts";

Deno.test("the page's thread gets its port, the database's directory and the list files", async () => {
  await withPage(({ desk }) => {
    const settings = {
      ...desk.settings,
      store: { database: "/var/lib/greylag/greylag.db", privacy: false },
      whitelistClients: ["/etc/postgrey/clients"],
    };
    const directory = "/var/lib/greylag";
    assertEquals(permissionsFor(settings), {
      read: [directory, "/etc/postgrey/clients"],
      write: [directory],
      net: ["127.0.0.1:10024"],
      sys: ["statfs"],
    });
    const onSocket = {
      ...settings,
      endpoint: { kind: "unix", path: "/run/greylag/page" },
    } as const;
    // A Unix socket takes the whole of net.
    assertEquals(permissionsFor(onSocket).net, true);
    assertEquals(permissionsFor(onSocket).write, [directory, "/run/greylag/page"]);
    const local = { ...settings, store: { database: "g.db", privacy: false } };
    assertEquals(permissionsFor(local).write, ["."]);
    return Promise.resolve();
  });
});
