import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MAX_SOCKET_PATH, openUnixSocket, shareEndpoint } from "../../lib/sockets/listen.ts";
import { inDirectory } from "../daemon.ts";

/** A process that listens on a socket and dies without removing it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} }); ` +
    `Deno.kill(Deno.pid, "SIGKILL");`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
}

Deno.test("a stale socket file is replaced", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    await leaveStaleSocket(path);
    assertEquals((await Deno.lstat(path)).isSocket, true);
    const listener = await openUnixSocket(path, 0o600);
    const conn = await Deno.connect({ transport: "unix", path });
    conn.close();
    listener.close();
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
  });
});

Deno.test("a live socket is not replaced, and the error names its path", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const holder = Deno.listen({ transport: "unix", path });
    const accepting = holder.accept();
    const error = await assertRejects(() => openUnixSocket(path, 0o666), Error);
    assertStringIncludes(error.message, path);
    assertStringIncludes(error.message, "another process listens there");
    (await accepting).close();
    holder.close();
  });
});

Deno.test("a file of another kind is never removed", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/precious`;
    await Deno.writeTextFile(path, "keep me");
    const error = await assertRejects(() => openUnixSocket(path, 0o666), Error);
    assertStringIncludes(error.message, "no socket");
    assertEquals(await Deno.readTextFile(path), "keep me");
  });
});

Deno.test("a path that is too long is an error with its length and the limit", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/${"x".repeat(MAX_SOCKET_PATH - directory.length - 1)}`;
    (await openUnixSocket(path, 0o600)).close();
    const { message } = await assertRejects(() => openUnixSocket(`${path}x`, 0o600), Error);
    assertStringIncludes(message, `${MAX_SOCKET_PATH + 1} bytes, at most ${MAX_SOCKET_PATH}`);
    assertStringIncludes(message, `${path}x`);
    // The page listens on a longer path before its socket takes its place.
    const shared = { kind: "unix", path } as const;
    await assertRejects(
      () => shareEndpoint(shared, 0o600),
      Error,
      `at most ${MAX_SOCKET_PATH - 4}`,
    );
  });
});

Deno.test("a missing directory is an error that names the path", async () => {
  const error = await assertRejects(
    () => openUnixSocket("/nowhere/at/all/policy", 0o666),
    Error,
  );
  assertStringIncludes(error.message, "unix:/nowhere/at/all/policy");
});
