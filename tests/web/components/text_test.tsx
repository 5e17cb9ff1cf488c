import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Address, Client, Sender, shorten, Text } from "../../../lib/web/components/text.tsx";
import { anyText } from "../../any_text.ts";

const textOf = (html: string) => html.replaceAll(/<[^>]*>/g, "");

Deno.test("hostile text is escaped for HTML and made visible", () => {
  const table: [string, string][] = [
    ["<b>", "<bdi>&lt;b&gt;</bdi>"],
    ["a\u202eb", "<bdi>a\\u{202e}b</bdi>"],
    ["a\nb", "<bdi>a\\u{a}b</bdi>"],
    ["李 שלום", "<bdi>李 שלום</bdi>"],
  ];
  for (const [text, expected] of table) assertEquals(`${<Text of={text} />}`, expected);
});

Deno.test("lines break after @ and dots, and within long parts", () => {
  const html = `${<Text of={"bob@mx.example." + "x".repeat(30)} />}`;
  assertEquals(html.split("<wbr>").map(textOf), [
    "bob@",
    "mx.",
    "example.",
    "x".repeat(22),
    "x".repeat(8),
  ]);
  assertEquals(`${<Text of="192.0.2.1" />}`, "<bdi>192.0.2.1</bdi>");
});

Deno.test("a long text loses its middle, and the title has more of it", () => {
  const html = `${<Text of={"a".repeat(40) + "b".repeat(40)} maxLength={11} />}`;
  assertEquals(textOf(html), "aaaaa…bbbbb");
  assert(html.includes(`title="${"a".repeat(40)}${"b".repeat(40)}"`), html);
  const longTitle = `${<Text of={"<".repeat(5000)} />}`;
  assert(longTitle.length < 4000, `${longTitle.length}`);
});

Deno.test("shorten counts code points, not UTF-16 units", () => {
  assertEquals(shorten("abcdef", 6), "abcdef");
  assertEquals(shorten("abcdefg", 6), "ab…efg");
  assertEquals(shorten("😀".repeat(9), 5), "😀😀…😀😀");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 3, max: 40 }), (text, max) => {
      assert([...shorten(text, max)].length <= max);
    }),
  );
});

Deno.test("property: no text leaves the page's structure or hides", () => {
  fc.assert(fc.property(anyText(200), (text) => {
    const html = `${<Text of={text} />}`;
    assert(/^<bdi(?: title="[^"]*")?>(?:[^<]|<wbr>)*<\/bdi>$/s.test(html), html);
    assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(html), html);
  }));
});

Deno.test("an address is whole in the document, in two parts; the first may be cut", () => {
  const parts = (text: string) =>
    [...`${<Address of={text} />}`.matchAll(/<span>(.*?)<\/span>/g)].map(([, part]) => part);
  assertEquals(parts("alice@example.org"), ["alice", "@example.org"]);
  assertEquals(parts("192.0.2.1"), ["192.0.2.1"]);
  assertEquals(parts("a.very.long.host.name.example.org"), [
    "a.very.long.hos",
    "t.name.example.org",
  ]);
  fc.assert(fc.property(anyText(200), (text) => {
    assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(`${<Address of={text} />}`));
  }));
});

Deno.test("a client is shown by its verified name and address, the null sender as <>", () => {
  const clientAddress = "192.0.2.1";
  const client = (clientName: string) => textOf(`${<Client of={{ clientAddress, clientName }} />}`);
  assertEquals(client("unknown"), "192.0.2.1");
  assertEquals(client("mx.example.org"), "mx.example.org192.0.2.1");
  assertEquals(textOf(`${<Sender of="" />}`), "&lt;&gt;");
});
