import { assertEquals } from "@std/assert";
import { Checkpointer, type StartWorker } from "../../lib/store/checkpointer.ts";
import { startThread, threadModule } from "../../lib/daemon/thread.ts";
import { Connection } from "../../lib/store/connection.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { reputation } from "./records.ts";
import { inDirectory } from "../daemon.ts";
import { eventually } from "../eventually.ts";

const PATH = "/var/lib/greylag/g.db";

function workerThat(events: string[]): { start: StartWorker; finish(): void } {
  let worker: Pick<Worker, "onmessage" | "onerror" | "postMessage" | "terminate"> | undefined;
  return {
    start: (files) => {
      events.push(`start ${files.join(" ")}`);
      worker = {
        onmessage: null,
        onerror: null,
        postMessage: (path: string) => events.push(`checkpoint ${path}`),
        terminate: () => events.push("terminate"),
      };
      return worker as Worker;
    },
    finish: () => worker?.onmessage?.call(worker as Worker, new MessageEvent("message")),
  };
}

Deno.test("a checkpoint starts after enough rows, one at a time and in one thread", () => {
  const events: string[] = [];
  const { start, finish } = workerThat(events);
  const checkpointer = new Checkpointer(PATH, start);
  checkpointer.wrote(999);
  assertEquals(events, []);
  checkpointer.wrote(1);
  checkpointer.wrote(5000);
  const first = [
    `start ${PATH} ${PATH}-wal ${PATH}-shm`,
    `checkpoint ${PATH}`,
  ];
  assertEquals(events, first);
  finish();
  checkpointer.wrote(1);
  assertEquals(events, [...first, `checkpoint ${PATH}`]);
  checkpointer.close();
  checkpointer.wrote(5000);
  assertEquals(events.at(-1), "terminate");
});

Deno.test("an idle thread ends, and the next checkpoint starts another", async () => {
  const events: string[] = [];
  const { start, finish } = workerThat(events);
  const checkpointer = new Checkpointer(PATH, start, 1);
  checkpointer.wrote(1000);
  finish();
  await eventually("the thread ends", () => events.at(-1) === "terminate", { period: 1 });
  checkpointer.wrote(1000);
  assertEquals(events.slice(3), events.slice(0, 2));
  checkpointer.close();
});

Deno.test("the thread copies the log into the database", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/g.db`;
    const connection = new Connection(path, {
      startWorker: (files) =>
        startThread(threadModule("lib/store/checkpoint_worker.ts"), { read: files, write: files }),
    });
    const store = new SqliteStore(connection);
    try {
      const before = Deno.statSync(path).size;
      for (let at = 0; at < 1000; at++) {
        store.greylist.exchange(() => [reputation(`ip:${at}`)]);
      }
      await eventually("the database grows", () => Deno.statSync(path).size > before);
    } finally {
      store.close();
    }
  });
});
