import { assert, assertEquals } from "@std/assert";
import type { NoticeStore } from "../../lib/store/notices.ts";
import { openStore } from "../../lib/store/open.ts";
import { inDirectory } from "../daemon.ts";

function withNotices(body: (notices: NoticeStore, forget: (address: string) => void) => void) {
  return inDirectory((directory) => {
    const store = openStore({ database: `${directory}/g.db`, privacy: false });
    try {
      body(store.notices, (address) => store.forget(address));
    } finally {
      store.close();
    }
  });
}

const notice = (created: number) => ({ target: "mail:ann@example.net", content: "{}", created });

Deno.test("the queue keeps its newest notices up to the maximum", () =>
  withNotices((notices) => {
    assertEquals(notices.backlog(), undefined);
    assertEquals([1, 2, 3, 4].map((time) => notices.add(notice(time), 3)), [0, 0, 0, 1]);
    assertEquals(notices.due(9, 10).map(({ created }) => created), [2, 3, 4]);
    assertEquals(notices.backlog(), { count: 3, oldest: 2 });
  }));

Deno.test("a postponed notice is due later, with one more try", () =>
  withNotices((notices) => {
    notices.add(notice(1), 10);
    const { id, tries, due } = notices.due(1, 10)[0]!;
    assertEquals([tries, due], [0, 1]);
    notices.postpone(id, 100);
    assertEquals(notices.due(99, 10), []);
    assertEquals(notices.due(100, 10), [{ ...notice(1), id, tries: 1, due: 100 }]);
    notices.remove(id);
    assertEquals(notices.backlog(), undefined);
  }));

Deno.test("times are kept by subject until they are old", () =>
  withNotices((notices) => {
    assertEquals(notices.lastTime("digest ann@example.net"), undefined);
    notices.setTime("digest ann@example.net", 5);
    notices.setTime("digest ann@example.net", 6);
    assertEquals(notices.lastTime("digest ann@example.net"), 6);
    notices.removeOld(7);
    assertEquals(notices.lastTime("digest ann@example.net"), undefined);
  }));

Deno.test("a link is used once", () =>
  withNotices((notices) => {
    assert(!notices.isUsed("tag"));
    assert(notices.useLink("tag", 50));
    assert(!notices.useLink("tag", 50));
    assert(notices.useLink("other", 50));
    assert(notices.isUsed("tag"));
    notices.removeOld(51);
    assert(!notices.isUsed("tag"));
  }));

Deno.test("forgetting an address removes its notices", () =>
  withNotices((notices, forget) => {
    notices.add(notice(1), 10);
    notices.add({ ...notice(2), target: "ntfy:https://x.example/t" }, 10);
    notices.setTime("digest ann@example.net", 5);
    forget("Ann@example.net");
    assertEquals(notices.due(9, 10).map(({ created }) => created), [2]);
    assertEquals(notices.lastTime("digest ann@example.net"), undefined);
  }));
