import { assert, assertEquals } from "@std/assert";
import { ActionButton, Layout, type PageContext } from "../../../lib/web/components/layout.tsx";

const ANONYMOUS: PageContext = {
  prefix: "/mail",
  path: "/lists?q=x",
  visitor: { kind: "anonymous" },
  now: 0,
};

const SIGNED_IN: PageContext = {
  ...ANONYMOUS,
  visitor: {
    kind: "administrator",
    session: { id: "id", csrf: "secret", passwordHash: "", lastUsed: 0 },
  },
};

Deno.test("a form has the CSRF token only in a session, and the page to return to", () => {
  const button = (page: PageContext) =>
    `${<ActionButton page={page} to="/undo" fields={{ id: 7 }}>Undo</ActionButton>}`;
  assert(button(SIGNED_IN).includes('name="csrf" value="secret"'));
  assert(!button(ANONYMOUS).includes("csrf"));
  assert(button(ANONYMOUS).includes('action="/mail/undo"'));
  assert(button(ANONYMOUS).includes('name="then" value="/lists?q=x"'));
  assert(button(ANONYMOUS).includes('name="id" value="7"'));
});

Deno.test("navigation and section mark the current page, and offers sign-in or sign-out", () => {
  const layout = (page: PageContext) => `${<Layout page={page} title="T">content</Layout>}`;
  const current = [...layout(ANONYMOUS).matchAll(/href="([^"]*)" aria-current="page"/g)];
  assertEquals(current.map(([, path]) => path), ["/mail/lists", "/mail/lists"]);
  assert(layout(ANONYMOUS).includes("/mail/sign-in?then=%2Flists%3Fq%3Dx"));
  assert(layout(SIGNED_IN).includes("/mail/sign-out"));
});

Deno.test("a notice is escaped; an error is an alert", () => {
  const notice = (isError: boolean) =>
    `${<Layout page={{ ...ANONYMOUS, notice: { text: "<i>", isError } }} title="T">x</Layout>}`;
  assert(notice(true).includes('role="alert"'));
  assert(notice(false).includes('role="status"'));
  assert(notice(false).includes("&lt;i&gt;") && !notice(false).includes("<i>"));
});

Deno.test("an error is a banner with its remedy, a mark in the title and a count in the navigation", () => {
  const problem = { text: "All mail passes: <disk>.", remedy: "Free some space.", isError: true };
  const render = (problems: PageContext["problems"]) =>
    `${<Layout page={{ ...ANONYMOUS, problems }} title="T">x</Layout>}`;
  const html = render([problem, { ...problem, isError: false }]);
  assert(html.includes("<title>⚠ T – Greylag</title>"));
  assert(/role="alert".*All mail passes: &lt;disk&gt;.*Free some space/s.test(html), html);
  assert(/class="count">2</.test(html));
  const warned = render([{ ...problem, isError: false }]);
  assert(!warned.includes('role="alert"') && warned.includes("<title>T – Greylag</title>"));
  assert(/class="count">1</.test(warned) && !render([]).includes('class="count"'));
});

Deno.test("the last change can be undone from any page, unless its notice offers that", () => {
  const page = { ...SIGNED_IN, undoable: "Added entry 1." };
  const html = `${<Layout page={page} title="T">x</Layout>}`;
  assertEquals(html.match(/action="\/mail\/undo"/g)?.length, 1);
  const notice = { text: "Added", isError: false, undo: { kind: "remove", id: 1 } } as const;
  const both = `${<Layout page={{ ...page, notice }} title="T">x</Layout>}`;
  assertEquals(both.match(/action="\/mail\/undo"/g)?.length, 1);
});
