import { assert, assertEquals, assertMatch } from "@std/assert";
import { pause } from "../eventually.ts";
import { Knot } from "./knot.ts";
import { ACCEPTED, DEFERRED, withMailServer } from "./mail_server.ts";
import type { Message } from "./smtp.ts";

/** Seconds. */
const DELAY = 3;
const DELAY_SUSPICIOUS = 10;

const ZONES = {
  "provider.example": '@ TXT "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"',
};

/** A host with a name and an SPF pass. */
const NAMED: Message = {
  address: "192.0.2.10",
  name: "mail.provider.example",
  sender: "news@provider.example",
  recipients: ["bob@example.net"],
};

/** A host of another organisation, whose address has no name. */
const UNNAMED: Message = {
  address: "203.0.113.5",
  sender: "alice@other.example",
  recipients: ["bob@example.net"],
};

const secondsOf = (reply: string) =>
  Number(/^450 4\.7\.1 .*please try again in (\d+) seconds/.exec(reply)?.[1]);

const delayOf = (delivered: string) =>
  Number(/^X-Greylist: delayed (\d+) seconds/m.exec(delivered)?.[1]);

Deno.test("a named client waits for delay and is trusted after one retry, a client without a name waits for delay_suspicious", async () => {
  const knot = await Knot.start(ZONES);
  try {
    await withMailServer(async ({ replyTo, code, untilCode, postfix, daemon }) => {
      assertEquals(secondsOf(await replyTo(NAMED)), DELAY);
      assertEquals(secondsOf(await replyTo(UNNAMED)), DELAY_SUSPICIOUS);
      await pause(DELAY * 1000 + 100);
      const left = secondsOf(await replyTo(UNNAMED));
      assert(left >= 1 && left <= DELAY_SUSPICIOUS - DELAY, `${left} s`);
      assertEquals(await code(NAMED), ACCEPTED);
      const [first] = await postfix.delivered(1);
      assert(delayOf(first!) >= DELAY && delayOf(first!) < DELAY_SUSPICIOUS, first);

      // One of 50 such messages is deferred as a sample.
      const codes: string[] = [];
      for (let at = 0; at < 10; at++) {
        codes.push(await code({ ...NAMED, recipients: [`user${at}@example.net`] }));
      }
      const accepted = codes.filter((one) => one === ACCEPTED).length;
      assert(accepted >= 7, codes.join());
      await daemon.waitFor("reason=auto-whitelisted");
      const elsewhere = { ...NAMED, address: "198.51.100.7", name: "out.provider.example" };
      const other = await code({ ...elsewhere, recipients: ["frank@example.net"] });
      assertMatch(
        other,
        new RegExp(DEFERRED),
        "the domain's other hosts need a retry of their own",
      );

      await untilCode(UNNAMED, ACCEPTED);
      const delays = (await postfix.delivered(1 + accepted + 1)).map(delayOf);
      assert(delays.some((delay) => delay >= DELAY_SUSPICIOUS), delays.join());
      const next = { ...UNNAMED, sender: "erin@other.example" };
      assertMatch(await code(next), new RegExp(DEFERRED), "no trust by one retry");
    }, {
      settings: () => `delay = "${DELAY}s"\ndelay_suspicious = "${DELAY_SUSPICIOUS}s"\n`,
      dnsServer: `127.0.0.1:${knot.port}`,
    });
  } finally {
    await knot.stop();
  }
});
