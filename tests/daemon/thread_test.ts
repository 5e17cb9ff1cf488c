import { assertEquals } from "@std/assert";
import { startThread } from "../../lib/daemon/thread.ts";
import { inDirectory } from "../daemon.ts";

Deno.test("a thread has the permissions that it was given and no others of the process", async () => {
  await inDirectory(async (directory) => {
    const module = `${directory}/thread.js`;
    await Deno.writeTextFile(
      module,
      `const ask = (given) => Deno.permissions.querySync(given).state === "granted";
      self.postMessage({
        inside: ask({ name: "read", path: "${directory}/data/x" }),
        outside: ask({ name: "read", path: "/etc/passwd" }),
        write: ask({ name: "write", path: "${directory}/data/x" }),
        writeOutside: ask({ name: "write", path: "/etc/x" }),
        port: ask({ name: "net", host: "127.0.0.1:10623" }),
        otherPort: ask({ name: "net", host: "127.0.0.1:25" }),
        statfs: ask({ name: "sys", kind: "statfs" }),
        hostname: ask({ name: "sys", kind: "hostname" }),
        env: ask({ name: "env", variable: "HOME" }),
        run: ask({ name: "run" }),
        ffi: ask({ name: "ffi" }),
      });`,
    );
    const worker = startThread(new URL(`file://${module}`), {
      read: [`${directory}/data`],
      write: [`${directory}/data`],
      net: ["127.0.0.1:10623"],
      sys: ["statfs"],
    });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    const granted = await promise;
    worker.terminate();
    assertEquals(granted, {
      inside: true,
      outside: false,
      write: true,
      writeOutside: false,
      port: true,
      otherPort: false,
      statfs: true,
      hostname: false,
      env: false,
      run: false,
      ffi: false,
    });
  });
});
