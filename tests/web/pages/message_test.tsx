import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Deferral, deferralState } from "../../../lib/store/history.ts";
import { HOUR, MINUTE } from "../../../lib/text/duration.ts";
import { csvField } from "../../../lib/web/pages/export.ts";
import { sentenceOf } from "../../../lib/web/pages/message.tsx";
import { withPage } from "../page.ts";

const NOW = 100 * HOUR;

const DEFERRAL: Deferral = {
  id: 1,
  sender: "alice@example.org",
  senderDomain: "example.org",
  recipient: "bob@example.net",
  firstSeen: NOW - MINUTE,
  acceptedFrom: NOW + MINUTE,
  lastSeen: NOW - MINUTE,
  tries: 1,
  networkChanges: 0,
  network: "net:192.0.2.0/24",
  clientAddress: "192.0.2.1",
  clientName: "unknown",
  heloName: "x",
  legitimacy: 1,
};

const textOf = (html: string) =>
  html.replaceAll(/<\/?(?:wbr|bdi|span)[^>]*>/g, "").replaceAll(/<[^>]*>/g, " ").replaceAll(
    /\s+/g,
    " ",
  ).replaceAll("&#39;", "'");

Deno.test("the verdict on a message is one sentence with the next step", () => {
  const table: [
    Partial<Deferral>,
    { isQuiet?: boolean; isReleased?: boolean; by?: string },
    string,
  ][] = [
    [{}, {}, "The server tried once. A retry is accepted in 1m."],
    [{ acceptedFrom: NOW }, {}, "The server tried once. Its next retry is accepted."],
    [
      { tries: 2, lastSeen: NOW - MINUTE + 40_000 },
      { isQuiet: true },
      "The server tried 2 times in 40s and gave up. Ask the sender to send it again, and accept " +
      "that retry.",
    ],
    [{}, { isReleased: true }, "The next retry is accepted from any server."],
    [
      {},
      { isReleased: true, isQuiet: true },
      "Accepted as soon as it is sent again. Ask the sender to send it again.",
    ],
    [
      { ended: NOW, endedBy: "retried" },
      {},
      "Delivered at a retry, 1m after the first attempt.",
    ],
    [
      { ended: NOW, endedBy: "known" },
      {},
      "Delivered. This sender wrote to this recipient from the same origin before.",
    ],
    [{ ended: NOW, endedBy: "blocked" }, { by: "entry:7" }, "Rejected by the block list."],
    [{ ended: NOW, endedBy: "blocked" }, { by: "spf_fail" }, "Rejected by SPF."],
    [{ ended: NOW, endedBy: "blocked" }, {}, "Rejected by the block list or by SPF."],
    [
      { ended: NOW, endedBy: "listed" },
      { by: "dnsbl.example" },
      "Rejected at a retry: a DNS list names the client's address.",
    ],
  ];
  for (const [given, { isQuiet = false, isReleased = false, by }, expected] of table) {
    const deferral = { ...DEFERRAL, ...given };
    const state = deferralState(deferral, isQuiet ? NOW : 0);
    assertEquals(sentenceOf(deferral, { now: NOW, state, by, isReleased }), expected);
  }
});

Deno.test("a message has its attempts, its evidence and one button, from a deferral or a decision", async () => {
  await withPage(async ({ get, service }) => {
    const [deferral] = service.queries.deferred({ text: "bookshop", limit: 1 }).rows;
    const html = await (await get(`/messages/${deferral!.id}`)).text();
    const text = textOf(html);
    for (
      const part of [
        "The server tried 2 times in 1h and gave up.",
        "deferred new",
        "1h later deferred early",
        "host name mail.bookshop.example speaks for it",
      ]
    ) {
      assertStringIncludes(text, part);
    }
    assertEquals(html.match(/action="\/waiting\/release"/g)?.length, 1);
    const [decision] = service.queries.decisions({ text: "bookshop", limit: 1 }).rows;
    const other = textOf(await (await get(`/decisions/${decision!.id}`)).text());
    assertStringIncludes(other, "1h later deferred early");
    const [known] = service.queries.decisions({ text: "", limit: 1, reasons: ["known"] }).rows;
    const passed = await (await get(`/decisions/${known!.id}`)).text();
    assertStringIncludes(textOf(passed), "wrote to this recipient from the same origin before");
    assert(!passed.includes("/waiting/release"));
    assertEquals((await get("/messages/7777")).status, 404);
  }, { seeded: true });
});

Deno.test("a sender, a client and a recipient have a page with their mail", async () => {
  await withPage(async ({ get }) => {
    for (
      const [path, title, part] of [
        ["/senders?of=bookshop.example", "Sender domain bookshop.example", "erika@example.net"],
        ["/clients?of=net%3A192.0.2.0%2F24", "Client 192.0.2.0/24", "mail.bookshop.example"],
        ["/clients?of=192.0.2.77", "Client 192.0.2.77", "mail.bookshop.example"],
        ["/recipients?of=erika%40example.net", "Recipient erika@example.net", "login code"],
        ["/senders?of=%3C%3E", "Bounces (null sender)", "mx2.school.example"],
      ] as const
    ) {
      const text = textOf(await (await get(path)).text());
      assertStringIncludes(text, title);
      assertStringIncludes(text, part, path);
    }
    assertEquals((await get("/senders")).status, 400);
  }, { seeded: true });
});

Deno.test("a sender domain in upper case selects the same mail on its page and in the list", async () => {
  await withPage(async ({ get }) => {
    for (const path of ["/senders?of=BOOKSHOP.example", "/deferred?domain=BOOKSHOP.example"]) {
      const text = textOf(await (await get(path)).text());
      assertStringIncludes(text, "mail.bookshop.example", path);
    }
  }, { seeded: true });
});

Deno.test("an export has the decisions that the filters select", async () => {
  await withPage(async ({ get, service }) => {
    const query = "?verdict=reject&domain=prize-4711.example";
    const csv = await (await get(`/decisions.csv${query}`)).text();
    assertEquals(csv.trim().split("\r\n").length, 2);
    assertStringIncludes(csv, ",reject,blocked,,win@prize-4711.example,verein@example.net,");
    const json = await (await get(`/decisions.json${query}`)).json();
    assertEquals(json.length, 1);
    const all = await (await get("/decisions.json")).json();
    assertEquals(all.length, service.queries.decisions({ text: "", limit: 1000 }).rows.length);
  }, { seeded: true });
});

Deno.test("a field of CSV is quoted, and never a formula", () => {
  const table: [string | number | null, string][] = [
    ["a", "a"],
    [7, "7"],
    [null, ""],
    ['a"b,c', '"a""b,c"'],
    ["a\nb", '"a\nb"'],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["@x", "'@x"],
  ];
  for (const [value, expected] of table) assertEquals(csvField(value), expected);
});

Deno.test("the page of a message has the decision step by step, from the records of now", async () => {
  await withPage(async ({ get, store, service, clock }) => {
    const [deferral] = service.queries.deferred({ text: "bookshop", limit: 1 }).rows;
    const path = `/messages/${deferral!.id}`;
    const before = textOf(await (await get(path)).text());
    for (
      const part of [
        "client 192.0.2.77, mail.bookshop.example, a name of its own",
        "recipient compared as erika@example.net",
        "origins ip:192.0.2.77",
        "known no, this sender's mail to the recipient is new",
        "pending no earlier attempt",
        "reputation ip:192.0.2.77 (address): no retried messages",
      ]
    ) {
      assertStringIncludes(before, part);
    }
    store.greylist.exchange(() => [{
      kind: "relation",
      key: { sender: deferral!.sender, recipient: deferral!.recipient },
      record: {
        firstSeen: clock.now - 2 * HOUR,
        lastSeen: clock.now - HOUR,
        origins: ["net:192.0.2.0/24"],
      },
    }]);
    assertStringIncludes(
      textOf(await (await get(path)).text()),
      `known ${deferral!.sender} since 2h ago, last used 1h ago; net:192.0.2.0/24 matches`,
    );
    // Looking changes nothing.
    assertEquals(store.greylist.findRelations({ text: "bookshop", limit: 9 }).rows.length, 1);
  }, { seeded: true });
});

Deno.test("with privacy there are no steps, since only hashes are stored", async () => {
  await withPage(async ({ get }) => {
    const text = await (await get("/messages/1")).text();
    assert(!text.includes("Decision step by step"));
  }, { seeded: true, privacy: true });
});
