import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Connection, type ServerLimits, SocketServer } from "../../lib/sockets/server.ts";
import { inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";

interface Setup {
  readonly server: SocketServer;
  readonly limits: string[];
  connect(): Promise<Deno.Conn>;
}

async function withServer(
  serve: (connection: Connection) => Promise<void>,
  body: (setup: Setup) => Promise<void>,
  limits: Partial<ServerLimits> = {},
): Promise<void> {
  const told: string[] = [];
  const server = new SocketServer(serve, {
    limit: (_, what) => void told.push(what),
    acceptFailed: () => {},
  }, { connections: 10, sweepPeriod: 10, ...limits });
  const bound = await server.listen({ kind: "inet", host: "127.0.0.1", port: 0 }, 0o600);
  assert(bound.kind === "inet");
  const { host: hostname, port } = bound;
  try {
    await body({ server, limits: told, connect: () => Deno.connect({ hostname, port }) });
  } finally {
    await server.close(100);
  }
}

async function isClosed(conn: Deno.Conn): Promise<boolean> {
  return await conn.read(new Uint8Array(1)).catch(() => null) === null;
}

const readOne = async (connection: Connection) => {
  await connection.conn.read(new Uint8Array(1));
};

Deno.test("a connection is closed when its function ends, also by an error", async () => {
  for (const serve of [readOne, () => Promise.reject(new Error("broken"))]) {
    await withServer(serve, async ({ connect, server }) => {
      using conn = await connect();
      await conn.write(new Uint8Array(1)).catch(() => {});
      assert(await isClosed(conn));
      assertEquals(server.connections, 0);
    });
  }
});

Deno.test("a missed deadline closes the connection and is reported once", async () => {
  const serve = async (connection: Connection) => {
    connection.setDeadline(20, "a slow client");
    await readOne(connection);
  };
  await withServer(serve, async ({ connect, limits }) => {
    using conn = await connect();
    assert(await isClosed(conn));
    assertEquals(limits, ["a slow client"]);
  });
});

Deno.test("a connection without a deadline stays open", async () => {
  await withServer(readOne, async ({ connect, server }) => {
    using _conn = await connect();
    await pause(50);
    assertEquals(server.connections, 1);
  });
});

Deno.test("connections beyond the limit are closed, and a freed place is used again", async () => {
  await withServer(readOne, async ({ connect, server, limits }) => {
    const first = await connect();
    await eventually("connections", () => server.connections >= 1);
    using second = await connect();
    assert(await isClosed(second));
    assertEquals(limits, ["more than 1 connections at once"]);
    first.close();
    await eventually("connections", () => server.connections === 0);
    using _third = await connect();
    await eventually("connections", () => server.connections >= 1);
  }, { connections: 1 });
});

Deno.test("closing waits for busy connections no longer than the grace", async () => {
  const serve = async (connection: Connection) => {
    connection.busy = true;
    await readOne(connection);
  };
  await withServer(serve, async ({ connect, server }) => {
    using conn = await connect();
    await eventually("connections", () => server.connections >= 1);
    const begin = performance.now();
    await server.close(30);
    assert(performance.now() - begin >= 29);
    assert(await isClosed(conn));
  });
});

Deno.test("closing removes the files of Unix sockets", async () => {
  await inDirectory(async (directory) => {
    await withServer(readOne, async ({ server }) => {
      await server.listen({ kind: "unix", path: `${directory}/socket` }, 0o600);
      assertEquals((await Deno.stat(`${directory}/socket`)).mode! & 0o777, 0o600);
    });
    await assertRejects(() => Deno.stat(`${directory}/socket`), Deno.errors.NotFound);
  });
});
