import { assertEquals } from "@std/assert";
import { permissionsFor } from "../../../lib/web/worker/thread.ts";
import { withPage } from "../page.ts";

Deno.test("the thread may use its port, the database's directory and the list files only", async () => {
  await withPage(({ service }) => {
    const settings = {
      ...service.settings,
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
    // Deno has no narrower permission for a Unix socket.
    assertEquals(permissionsFor(onSocket).net, true);
    assertEquals(permissionsFor(onSocket).write, [directory, "/run/greylag/page"]);
    const local = { ...settings, store: { database: "g.db", privacy: false } };
    assertEquals(permissionsFor(local).write, ["."]);
    return Promise.resolve();
  });
});
