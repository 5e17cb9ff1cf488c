import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import fc from "fast-check";
import {
  deferReply,
  delayedReply,
  DUNNO,
  infoReply,
  isDeferAction,
  rejectReply,
  type ReplySettings,
} from "../../lib/postfix/reply.ts";

const settings: ReplySettings = {
  greylistAction: "DEFER_IF_PERMIT",
  greylistText: "Greylisted, please try again in %s seconds",
  xGreylistHeader: "X-Greylist: delayed %t seconds by greylag-%v at %h; %d",
  blockText: "Refused by %r",
  hostname: "mx.example.org",
  version: "1.2.3",
};

Deno.test("a deferral has the enhanced status code, the seconds and the domain", () => {
  assertEquals(
    deferReply(settings, 59, "example.org"),
    "action=DEFER_IF_PERMIT 4.7.1 Greylisted, please try again in 59 seconds\n\n",
  );
  const other = { ...settings, greylistAction: "451", greylistText: "see http://x/%r.html 100%%" };
  assertEquals(
    deferReply(other, 1, "example.org"),
    "action=451 4.7.1 see http://x/example.org.html 100%\n\n",
  );
  const coded = { ...settings, greylistText: "4.2.0 later" };
  assertEquals(deferReply(coded, 1, ""), "action=DEFER_IF_PERMIT 4.2.0 later\n\n");
});

Deno.test("blocked mail is rejected with 550 5.7.1", () => {
  assertEquals(rejectReply(settings, "example.org"), "action=550 5.7.1 Refused by example.org\n\n");
});

Deno.test("the header of delayed mail has its fields filled, with a date of RFC 5322", () => {
  assertEquals(
    delayedReply(settings, 61, Date.UTC(2026, 10, 4, 5, 6, 7)),
    "action=PREPEND X-Greylist: delayed 61 seconds by greylag-1.2.3 at mx.example.org; " +
      "Wed, 04 Nov 2026 05:06:07 +0000\n\n",
  );
});

Deno.test("a reply is one action on one line, for any text", () => {
  const text = fc.string({ unit: "binary", maxLength: 2000 });
  fc.assert(fc.property(text, text, (template, domain) => {
    const hostile = {
      ...settings,
      greylistText: template,
      blockText: template,
      xGreylistHeader: `X-A: ${template}`,
    };
    for (
      const reply of [
        deferReply(hostile, 5, domain),
        delayedReply(hostile, 5, 0),
        infoReply(template),
        rejectReply(hostile, domain),
      ]
    ) {
      assertMatch(reply, /^action=[\x20-\x7e]*\n\n$/);
      assert(reply.length < 1000);
    }
  }));
});

Deno.test("only actions that ask the client to retry count as a deferral", () => {
  for (const action of ["DEFER_IF_PERMIT", "defer", "DEFER_IF_REJECT", "450", "421"]) {
    assert(isDeferAction(action), action);
  }
  for (const action of ["REJECT", "OK", "DUNNO", "550", "45", "4500", "DEFER 4.7.1", ""]) {
    assertFalse(isDeferAction(action), action);
  }
});

Deno.test("accepting is DUNNO", () => assertEquals(DUNNO, "action=DUNNO\n\n"));
