import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Deferral } from "../../../lib/store/history.ts";
import { LostTable, WaitingTable } from "../../../lib/web/pages/waiting.tsx";
import { withPage } from "../page.ts";

const NOW = 1_000_000_000;
const PAGE = { prefix: "", path: "/", visitor: { kind: "anonymous" }, now: NOW } as const;

const deferral = (firstSeen: number, acceptedFrom = firstSeen): Deferral => ({
  id: 7,
  senderDomain: "example.org",
  sender: "alice@example.org",
  recipient: "bob@example.net",
  firstSeen,
  lastSeen: firstSeen,
  acceptedFrom,
  tries: 1,
  networkChanges: 0,
  network: "net:192.0.2.0/24",
  clientAddress: "192.0.2.1",
  clientName: "unknown",
  heloName: "x",
  legitimacy: 1,
});

const textOf = (html: string) => html.replaceAll(/<[^>]*>/g, " ").replaceAll(/ +/g, " ");

Deno.test("waiting mail shows when a retry is accepted", async () => {
  await withPage(({ service: { settings } }) => {
    const table = (acceptedFrom: number) => {
      const rows = [deferral(NOW - 60_000, acceptedFrom)];
      return textOf(
        `${(
          <WaitingTable page={PAGE} rows={rows} settings={settings} released={new Map()} empty="" />
        )}`,
      );
    };
    assertStringIncludes(table(NOW + 1000), "retry accepted in 1s");
    assertStringIncludes(table(NOW), "next retry will be accepted");
    return Promise.resolve();
  });
});

Deno.test("legitimacy is likely from 7, maybe from 4", async () => {
  await withPage(({ service: { settings } }) => {
    const likelihood = (legitimacy: number) => {
      const rows = [{ deferral: deferral(NOW), legitimacy }];
      const html = textOf(
        `${(
          <LostTable page={PAGE} rows={rows} settings={settings} released={new Map()} empty="" />
        )}`,
      );
      return /(likely|maybe|unlikely) legitimate \(\d+ of 10\)/.exec(html)![0];
    };
    assertEquals([0, 3, 4, 6, 7, 10].map(likelihood), [
      "unlikely legitimate (0 of 10)",
      "unlikely legitimate (3 of 10)",
      "maybe legitimate (4 of 10)",
      "maybe legitimate (6 of 10)",
      "likely legitimate (7 of 10)",
      "likely legitimate (10 of 10)",
    ]);
    return Promise.resolve();
  });
});
