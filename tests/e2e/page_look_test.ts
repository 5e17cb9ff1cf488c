import { assert, assertEquals } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { ALICE } from "./mail_server.ts";
import { collectErrors, PAGES, signIn, visit } from "./visit.ts";

const WIDTHS = [320, 768, 1280, 1920];

const SCHEMES = [
  { colorScheme: "light" },
  { colorScheme: "dark" },
  { colorScheme: "light", forcedColors: "active" },
] as const;

async function violations(tab: Page): Promise<string[]> {
  await tab.evaluate(axe.source);
  return await tab.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ": " + html + failureSummary)))`,
  );
}

Deno.test("every page fits every screen and passes axe, in all colours", async () => {
  await visit(async ({ tab, browser, page, replyTo, greylag, untilRecorded, errors }) => {
    await replyTo(ALICE);
    await replyTo({
      ...ALICE,
      sender: "",
      recipients: ["a-very-long-name.of-somebody@example.net"],
    });
    await greylag(
      "allow",
      "a.very.long.name.of.some.host.in.a.far.away.domain.example.org",
      "--for=1d",
    );
    await greylag("block", "mallory@example.com", "--note=a note that is longer than most of them");
    await untilRecorded(2);
    await signIn(tab);
    const { cookies } = await tab.context().storageState();
    const found: string[] = [];
    for (const scheme of SCHEMES) {
      const context = await browser.newContext({
        baseURL: page,
        ...scheme,
        // For axe, which is injected into the page.
        bypassCSP: true,
      });
      collectErrors(context, errors);
      await context.addCookies(cookies);
      const other = await context.newPage();
      for (const path of PAGES) {
        await other.goto(path);
        for (const width of WIDTHS) {
          await other.setViewportSize({ width, height: 800 });
          const scrollWidth = await other.evaluate("document.documentElement.scrollWidth");
          const where = `${path} at ${width} px, ${JSON.stringify(scheme)}`;
          if (scrollWidth !== width) found.push(`${where}: ${scrollWidth} px wide`);
          found.push(...(await violations(other)).map((one) => `${where}: ${one}`));
        }
      }
      await context.close();
    }
    assertEquals(found, []);
  });
});

/** Buttons of forms on one line that have no field beside them. */
const DETACHED = `[...document.querySelectorAll(".inline-form button")].filter((button) => {
  const middle = ({ top, height }) => top + height / 2;
  const own = middle(button.getBoundingClientRect());
  return ![...button.closest("form").querySelectorAll("input, select")].some((field) =>
    field.offsetParent !== null && Math.abs(middle(field.getBoundingClientRect()) - own) < 4);
}).map((button) => button.textContent)`;

/** Number of rows whose actions are below their first line. */
const SCATTERED = `[...document.querySelectorAll("td.actions")].filter((cell) =>
  cell.offsetTop > cell.parentElement.querySelector("td").offsetTop + 8).length`;

Deno.test("buttons stand beside the fields and rows that they belong to", async () => {
  await visit(async ({ tab, daemon, untilRecorded }) => {
    await daemon.ask({ sender: "a@example.org" });
    await untilRecorded(1);
    const found: string[] = [];
    for (const path of ["/", "/lists", "/decisions", "/deferred"]) {
      await tab.goto(path);
      for (const width of [320, 375, 768, 1000, 1150, 1280]) {
        await tab.setViewportSize({ width, height: 800 });
        const detached = await tab.evaluate<string[]>(DETACHED);
        found.push(...detached.map((name) => `${path} at ${width} px: ${name} stands alone`));
        const scattered = width < 740 ? 0 : await tab.evaluate<number>(SCATTERED);
        if (scattered > 0) found.push(`${path} at ${width} px: actions below their rows`);
      }
    }
    assertEquals(found, []);
  });
});

Deno.test("fifty rows are short on a phone, and the navigation has one line", async () => {
  await visit(async ({ tab, daemon, untilRecorded }) => {
    for (let at = 0; at < 50; at++) await daemon.ask({ sender: `s${at}@example.org` });
    await untilRecorded(50);
    await tab.goto("/waiting");
    const height = Number(await tab.evaluate("document.documentElement.scrollHeight"));
    assert(height < 8000, `${height} px`);
    const tops = await tab.evaluate(
      `[...new Set([...document.querySelectorAll("header nav a")].map((a) => a.offsetTop))].length`,
    );
    assertEquals(tops, 1);
  }, { viewport: { width: 320, height: 640 } });
});
