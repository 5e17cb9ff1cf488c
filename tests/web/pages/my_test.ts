import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Link, type Purpose, sealLink } from "../../../lib/notify/link.ts";
import { ensureSecrets, rotateSecret } from "../../../lib/notify/secret_file.ts";
import { RIGHTS } from "../../../lib/notify/settings.ts";
import { parseUser, type User } from "../../../lib/notify/user.ts";
import { DatabaseError } from "../../../lib/store/database_error.ts";
import type { StoredEntry } from "../../../lib/store/store.ts";
import { DAY, HOUR } from "../../../lib/text/duration.ts";
import { recordDecisions } from "../../store/records.ts";
import { type Page, type Setup, withPage } from "../page.ts";

const ANN = "ann@example.net";

function userOf(line: string): User {
  const parsed = parseUser(line);
  if (!parsed.ok) throw new Error(parsed.why);
  return parsed.user;
}

const USERS = [userOf(ANN), userOf("bob@example.net language=de")];

const RECIPIENTS = { users: USERS, rights: RIGHTS, publicUrl: "https://mail.example.net" };

interface My extends Page {
  link(purpose: Purpose, given?: Partial<Link>): string;
  entries(): readonly StoredEntry[];
  submit(fields: Record<string, string>, given?: Partial<Link>): Promise<Response>;
}

/** With a deferral of ann, number 1, and one of bob, number 2. */
function withMy(body: (my: My) => Promise<void>, settings: Setup["settings"] = {}): Promise<void> {
  return withPage(async (page) => {
    const { database } = page.service.settings.store;
    ensureSecrets(database);
    const shop = { sender: "no-reply@shop.example", clientName: "mail.shop.example" };
    for (const recipient of [ANN, "bob@example.net"]) {
      recordDecisions(page.store, DAY, {
        ...shop,
        time: page.clock.now - HOUR,
        recipient,
        normalisedSender: shop.sender,
        normalisedRecipient: recipient,
        legitimacy: 8,
      });
    }
    const link: My["link"] = (purpose, given = {}) => {
      const wanted = {
        purpose,
        recipient: ANN,
        deferral: purpose === "page" || purpose === "device" ? 0 : 1,
        since: page.clock.now - HOUR,
        expires: page.clock.now + DAY,
        ...given,
      };
      return sealLink(wanted, ensureSecrets(database).links);
    };
    await body({
      ...page,
      link,
      entries: () => page.store.lists.entries(),
      submit: (fields, given) => page.post("/my/do", { link: link("page", given), ...fields }),
    });
  }, { settings: { recipients: RECIPIENTS, ...settings } });
}

for (
  const [purpose, entry] of [
    ["release", "release pair no-reply@shop.example ann@example.net"],
    ["allow", "allow pair no-reply@shop.example ann@example.net org:shop.example"],
    ["spam", "block pair no-reply@shop.example ann@example.net org:shop.example"],
  ] as const
) {
  Deno.test(`a link to ${purpose} asks first, acts once, and for its recipient only`, () =>
    withMy(async ({ link, get, post, entries, events }) => {
      const path = `/my/${link(purpose)}`;
      for (let visit = 0; visit < 3; visit++) {
        const answer = await get(path);
        assertEquals(answer.status, 200);
        assertStringIncludes(await answer.text(), "no-reply@shop.example");
      }
      assertEquals(entries(), []);
      const done = await post(path, {});
      assertEquals(done.status, 200);
      const made = entries().map(({ list, matchOn, pattern }) => `${list} ${matchOn} ${pattern}`);
      assertEquals(made, [entry]);
      assertEquals(entries()[0]!.addedBy, "recipient ann@example.net");
      assert(events.some(({ kind }) => kind === "link-used"));
      assertEquals((await get(path)).status, 410);
      assertEquals((await post(path, {})).status, 410);
      assertEquals(entries().length, 1);
    }));
}

Deno.test("HEAD and GET with any query change nothing", () =>
  withMy(async ({ link, send, get, entries, store }) => {
    for (const purpose of ["release", "allow", "spam", "page"] as const) {
      const path = `/my/${link(purpose)}`;
      await send("HEAD", path, undefined);
      await get(`${path}?do=expect&id=1&lang=de&saved`);
    }
    assertEquals(entries(), []);
    assertEquals(store.notices.backlog(), undefined);
  }));

/** A token with another letter at a position. */
const forged = (token: string, at: number) =>
  [...token].with(at, token.at(at) === "A" ? "B" : "A").join("");

Deno.test("expired, forged, foreign and misused links are refused", () =>
  withMy(async ({ link, get, post, entries, clock, events }) => {
    const release = link("release");
    const refused: readonly (readonly [string, number])[] = [
      [link("release", { expires: clock.now - 1000 }), 410],
      [forged(release, 0), 404],
      [forged(release, -3), 404],
      // The deferral of somebody else, and none.
      [link("release", { deferral: 2 }), 410],
      [link("allow", { deferral: 99 }), 410],
      // The same number in another database.
      [link("allow", { since: 0 }), 410],
      // Somebody who is no user any more.
      [link("release", { recipient: "eve@example.net" }), 403],
      // A link for a cookie.
      [link("device"), 404],
    ];
    for (const [token, status] of refused) {
      assertEquals((await get(`/my/${token}`)).status, status, token);
      assert((await post(`/my/${token}`, {})).status >= 400, token);
      clock.elapsed += HOUR;
    }
    assertEquals((await post(`/my/${link("page")}`, {})).status, 404);
    assertEquals((await post("/my/do", { link: release, do: "expect" })).status, 404);
    assertEquals(entries(), []);
    assert(events.some((event) => event.kind === "link-refused" && event.why === "invalid"));
  }));

Deno.test("a rotation of the secret revokes all links", () =>
  withMy(async ({ link, get, service }) => {
    const path = `/my/${link("release")}`;
    assertEquals((await get(path)).status, 200);
    rotateSecret(service.settings.store.database, "links");
    assertEquals((await get(path)).status, 404);
  }));

Deno.test("a form of another site does not act", () =>
  withMy(async ({ link, send, entries }) => {
    const foreign: Record<string, string>[] = [
      { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
      { origin: "null" },
      {},
    ];
    for (const headers of foreign) {
      const answer = await send("POST", `/my/${link("release")}`, "", headers);
      assertEquals(answer.status, 403);
    }
    assertEquals(entries(), []);
  }));

Deno.test("guessing is limited", () =>
  withMy(async ({ link, get, clock, events }) => {
    const guess = `/my/${"A".repeat(64)}`;
    const statuses = [];
    for (let at = 0; at < 20; at++) statuses.push((await get(guess)).status);
    assertEquals(statuses.slice(0, 10), Array(10).fill(404));
    assertEquals(statuses.slice(10), Array(10).fill(429));
    assertEquals(events.length, 10);
    assertEquals((await get(`/my/${link("page")}`)).status, 429);
    clock.elapsed += 60_000;
    assertEquals((await get(`/my/${link("page")}`)).status, 200);
  }));

Deno.test("guesses from many addresses neither lock recipients out nor fill the log", () =>
  withMy(async ({ link, get, send, events }) => {
    for (let at = 0; at < 300; at++) {
      const address = `198.51.${100 + Math.floor(at / 200)}.${at % 200}`;
      await send("GET", `/my/${"A".repeat(64)}`, undefined, {}, address);
    }
    assertEquals(events.length, 60);
    assertEquals((await get(`/my/${link("page")}`)).status, 200);
  }));

Deno.test("no page of a link has its address or another site's, and none sends a referrer", () =>
  withMy(async ({ link, get }) => {
    const token = link("page");
    const answer = await get(`/my/${token}`);
    assertEquals(answer.headers.get("cache-control"), "no-store");
    assertMatch(answer.headers.get("content-security-policy")!, /default-src 'none'/);
    assertEquals(answer.headers.get("referrer-policy"), "no-referrer");
    const html = await answer.text();
    assertEquals(html.match(/(?:href|src)="https?:/g), null);
    assert(!token.includes("ann"));
  }));

Deno.test("a right that is turned off has neither button nor effect", () =>
  withMy(async ({ link, get, post, submit, entries }) => {
    const html = await (await get(`/my/${link("page")}`)).text();
    for (const label of ["Let this message in", "expecting mail", "Turn off", "spam"]) {
      assert(!html.includes(label), label);
    }
    assertEquals((await get(`/my/${link("release")}`)).status, 403);
    assertEquals((await post(`/my/${link("release")}`, {})).status, 403);
    for (const what of ["release", "allow", "spam", "expect", "off"]) {
      assertEquals((await submit({ do: what, id: "1" })).status, 403, what);
    }
    assertEquals(entries(), []);
  }, { recipients: { ...RECIPIENTS, rights: [] } }));

Deno.test("expecting mail exempts the recipient for 15 minutes, and not too often", () =>
  withMy(async ({ submit, entries, clock, store }) => {
    for (let at = 0; at < 4; at++) {
      assertEquals((await submit({ do: "expect" })).status, 303);
    }
    const [entry] = entries();
    assertEquals([entry!.list, entry!.pattern], ["opt-out", ANN]);
    assertEquals(entry!.expires, clock.now + 15 * 60_000);
    assertEquals((await submit({ do: "expect" })).status, 429);
    assertEquals(store.lists.entries().length, 1);
  }));

Deno.test("greylisting is turned off and on again, but not against the administrator", () =>
  withMy(async ({ submit, entries, store, clock }) => {
    await submit({ do: "off" });
    assertEquals(entries().map(({ expires }) => expires), [undefined]);
    // It does not become shorter.
    await submit({ do: "expect" });
    assertEquals(entries().map(({ expires }) => expires), [undefined]);
    await submit({ do: "on" });
    assertEquals(entries(), []);
    store.lists.add({
      list: "opt-out",
      matchOn: "recipient",
      pattern: ANN,
      note: "",
      addedBy: "root",
      created: clock.now,
    });
    await submit({ do: "on" });
    assertEquals(entries().map(({ addedBy }) => addedBy), ["root"]);
  }));

Deno.test("recipients remove their own entries only", () =>
  withMy(async ({ submit, entries, store, clock }) => {
    await submit({ do: "allow", id: "1" }, { recipient: ANN });
    const foreign = store.lists.add({
      list: "block",
      matchOn: "sender",
      pattern: ANN,
      note: "",
      addedBy: "root",
      created: clock.now,
    });
    const own = entries()[0]!;
    const bob = { recipient: "bob@example.net" };
    assertEquals((await submit({ do: "remove", id: String(own.id) }, bob)).status, 410);
    assertEquals((await submit({ do: "remove", id: String(foreign.id) })).status, 410);
    assertEquals((await submit({ do: "release", id: "1" }, bob)).status, 410);
    assertEquals(entries().length, 2);
    assertEquals((await submit({ do: "remove", id: String(own.id) })).status, 303);
    assertEquals(entries().map(({ id }) => id), [foreign.id]);
  }));

Deno.test("the last word about a sender counts", () =>
  withMy(async ({ submit, entries }) => {
    await submit({ do: "spam", id: "1" });
    await submit({ do: "allow", id: "1" });
    assertEquals(entries().map(({ list }) => list), ["allow"]);
  }));

Deno.test("the entries of a recipient are limited", () =>
  withMy(async ({ submit, entries, store, clock }) => {
    for (let at = 0; at < 100; at++) {
      store.lists.add({
        list: "allow",
        matchOn: "pair",
        pattern: `s${at}@shop.example ann@example.net org:shop.example`,
        note: "",
        addedBy: "recipient ann@example.net",
        created: clock.now,
      });
    }
    assertEquals((await submit({ do: "allow", id: "1" })).status, 409);
    assertEquals(entries().length, 100);
  }));

Deno.test("spam of a client without a name blocks its address for a month", () =>
  withMy(async (my) => {
    recordDecisions(my.store, DAY, {
      time: my.clock.now,
      clientAddress: "192.0.2.66",
      clientName: "unknown",
      sender: "friend@bank.example",
      normalisedSender: "friend@bank.example",
      recipient: ANN,
      normalisedRecipient: ANN,
    });
    assertEquals((await my.submit({ do: "allow", id: "3" })).status, 410);
    assertEquals((await my.submit({ do: "spam", id: "3" })).status, 303);
    const [entry] = my.entries();
    assertEquals(entry!.pattern, "friend@bank.example ann@example.net ip:192.0.2.66");
    assertEquals(entry!.expires, my.clock.now + 30 * DAY);
  }));

Deno.test("a device stays signed in by a cookie that no page and no other path gets", () =>
  withMy(async ({ submit, get, link, post }) => {
    const answer = await submit({ do: "keep" });
    assertEquals(answer.headers.get("location"), "/my/?saved");
    const cookie = answer.headers.get("set-cookie")!;
    assertMatch(
      cookie,
      /^greylag_my=[^;]+; Max-Age=15552000; Path=\/my\/; HttpOnly;.*SameSite=Strict/,
    );
    const signedIn = { cookie: cookie.split(";")[0]! };
    const page = await get("/my/", signedIn);
    assertEquals(page.status, 200);
    assertStringIncludes(await page.text(), ANN);
    assertEquals((await get("/my/")).status, 404);
    // The token of a page is not that of a device.
    assertEquals((await get("/my/", { cookie: `greylag_my=${link("page")}` })).status, 404);
    const left = await post("/my/do", { link: link("device"), do: "leave" });
    assertMatch(left.headers.get("set-cookie")!, /Max-Age=0/);
  }));

Deno.test("pages are in the language of the visitor, else of the user", () =>
  withMy(async ({ link, get }) => {
    const bob = `/my/${link("page", { recipient: "bob@example.net" })}`;
    const textOf = async (path: string, language?: string) =>
      await (await get(path, language === undefined ? {} : { "accept-language": language })).text();
    assertStringIncludes(await textOf(bob), "Meine E-Mail");
    assertStringIncludes(await textOf(bob, "fr"), "Mon courrier");
    assertStringIncludes(await textOf(`${bob}?lang=pl`, "fr"), "Moja poczta");
  }));

Deno.test("the public host has the pages of recipients and the help page only", () =>
  withMy(async ({ get, link, send, entries }) => {
    const host = { host: "mail.example.net" };
    assertEquals((await get(`/my/${link("page")}`, host)).status, 200);
    for (const path of ["/help", "/my/style.css", "/my/manifest.webmanifest"]) {
      assertEquals((await get(path, host)).status, 200, path);
    }
    for (const path of ["/", "/lists", "/health", "/api/v1/deferrals", "/metrics", "/sign-in"]) {
      assertEquals((await get(path, host)).status, 421, path);
    }
    const answer = await send("POST", `/my/${link("release")}`, "", {
      host: "localhost",
      origin: "https://mail.example.net",
      "sec-fetch-site": "same-origin",
    });
    assertEquals(answer.status, 200);
    assertEquals(entries().length, 1);
  }));

Deno.test("errors under the public host show nothing of the administrator's pages", () =>
  withMy(async ({ get, send, link, service, entries }) => {
    const host = { host: "mail.example.net" };
    const commands = service.commands;
    commands.useLink = () => {
      throw new DatabaseError("read-only", "/var/lib/greylag/g.db", "read-only file system");
    };
    const own = { ...host, origin: "https://mail.example.net", "sec-fetch-site": "same-origin" };
    const forged = { ...host, origin: "https://evil.example" };
    const answers: readonly (readonly [number, Response])[] = [
      [404, await get("/my/nothing", host)],
      [503, await send("POST", `/my/${link("release")}`, "", own)],
      [403, await send("POST", `/my/${link("release")}`, "", forged)],
      [403, await send("POST", "/help", "", forged)],
    ];
    for (const [status, answer] of answers) {
      assertEquals(answer.status, status);
      const html = await answer.text();
      assertStringIncludes(html, 'role="alert"');
      for (const leak of ['href="/lists"', "/sign-in", "/var/lib", "live.js"]) {
        assert(!html.includes(leak), `${leak}: ${html}`);
      }
    }
    assertEquals(entries(), []);
  }));

Deno.test("a recipient is found among many whose addresses contain this one", () =>
  withMy(async ({ submit, get, link, entries, store, clock }) => {
    await submit({ do: "off" });
    await submit({ do: "allow", id: "1" });
    for (let at = 0; at < 1100; at++) {
      store.lists.add({
        list: "opt-out",
        matchOn: "recipient",
        pattern: `x${at}${ANN}`,
        note: "",
        addedBy: `recipient x${at}${ANN}`,
        created: clock.now,
      });
    }
    assertStringIncludes(await (await get(`/my/${link("page")}`)).text(), "Greylisting is off");
    await submit({ do: "on" });
    assertEquals(entries().some(({ pattern }) => pattern === ANN), false);
    const allowed = entries().find(({ list }) => list === "allow")!;
    assertEquals((await submit({ do: "remove", id: String(allowed.id) })).status, 303);
  }));

Deno.test("hostile senders and clients are text", () =>
  withMy(async (my) => {
    recordDecisions(my.store, DAY, {
      time: my.clock.now,
      clientName: "<b>.evil.example",
      sender: '"><script>alert(1)</script>http://evil.example/@evil.example',
      normalisedSender: "x@evil.example",
      recipient: ANN,
      normalisedRecipient: ANN,
    });
    const html = await (await my.get(`/my/${my.link("page")}`)).text();
    assert(!html.includes("<script>") && !html.includes("http://evil") && !html.includes("<b>"));
  }));

Deno.test("the files of a home screen name no other host", () =>
  withMy(async ({ get }) => {
    for (const base of ["", "/my"]) {
      const answer = await get(`${base}/manifest.webmanifest`);
      assertEquals(answer.headers.get("content-type"), "application/manifest+json");
      const { start_url, icons } = await answer.json();
      assertEquals(start_url, "./");
      for (const { src } of icons) {
        assertEquals((await get(`${base}/${src}`)).status, 200, src);
      }
    }
  }));
