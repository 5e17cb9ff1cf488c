import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DnsResolver } from "../../lib/dns/resolver.ts";
import { checkHost, TemporaryDnsError } from "../../lib/spf/check_host.ts";
import { pause } from "../eventually.ts";
import { Knot } from "./knot.ts";

const LONG = Array.from({ length: 40 }, (_, at) => `many TXT "${`${at} `.padEnd(200, "x")}"`)
  .join("\n");

const ZONE = `
@ TXT "v=spf1 include:_spf.example.com mx -all"
@ MX 10 mail
_spf TXT "v=spf1 ip4:192.0" ".2.0/24 ip6:2001:db8::/32" " -all"
mail A 192.0.2.10
mail AAAA 2001:db8::10
alias CNAME mail
bytes TXT "caf\\195\\169"
none CNAME nowhere
short 1 A 192.0.2.1
${LONG}
`;

async function withServer(body: (resolver: DnsResolver, knot: Knot) => Promise<void>) {
  const knot = await Knot.start({
    "example.com": ZONE,
    "2.0.192.in-addr.arpa": "10 PTR mail.example.com.",
  });
  try {
    await body(
      new DnsResolver({
        servers: [{ address: "127.0.0.1", port: knot.port }],
        queryTimeout: 1000,
      }),
      knot,
    );
  } finally {
    await knot.stop().catch(() => {});
  }
}

Deno.test("the resolver reads every record type, follows aliases and joins the strings of a TXT record", async () => {
  await withServer(async (resolver) => {
    assertEquals(await resolver.a("mail.example.com"), ["192.0.2.10"]);
    assertEquals(await resolver.aaaa("MAIL.example.com."), ["2001:db8::10"]);
    assertEquals(await resolver.a("alias.example.com"), ["192.0.2.10"]);
    assertEquals(await resolver.mx("example.com"), ["mail.example.com"]);
    assertEquals(await resolver.ptr("10.2.0.192.in-addr.arpa"), ["mail.example.com"]);
    assertEquals(await resolver.txt("_spf.example.com"), [
      "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all",
    ]);
    assertEquals(await resolver.txt("bytes.example.com"), ["caf\u00c3\u00a9"]);
  });
});

Deno.test("NXDOMAIN, no data and errors are different results", async () => {
  await withServer(async (resolver) => {
    assertEquals((await resolver.lookUp("nowhere.example.com", "A")).kind, "no-name");
    assertEquals((await resolver.lookUp("mail.example.com", "TXT")).kind, "no-data");
    assertEquals((await resolver.lookUp("none.example.com", "A")).kind, "no-name");
    assertEquals(await resolver.a("nowhere.example.com"), []);
    const error = await assertRejects(() => resolver.a("example.org"), TemporaryDnsError);
    assertStringIncludes(error.message, "A example.org");
    assertStringIncludes(error.message, "REFUSED");
  });
});

Deno.test("a truncated response is fetched over TCP", async () => {
  await withServer(async (resolver) => {
    assertEquals((await resolver.txt("many.example.com")).length, 40);
  });
});

Deno.test("responses are cached for their TTL", async () => {
  await withServer(async (resolver, knot) => {
    await resolver.a("mail.example.com");
    await resolver.a("short.example.com");
    await resolver.a("nowhere.example.com");
    await knot.stop();
    assertEquals(await resolver.a("mail.example.com"), ["192.0.2.10"]);
    assertEquals(await resolver.a("nowhere.example.com"), []);
    await pause(1100);
    await assertRejects(() => resolver.a("short.example.com"), TemporaryDnsError);
  });
});

Deno.test("SPF is evaluated with a DNS server", async () => {
  await withServer(async (resolver) => {
    const check = (ip: string) =>
      checkHost({ ip, sender: "alice@example.com", helo: "mail.example.com", resolver });
    const passed = await check("192.0.2.77");
    assertEquals([passed.result, passed.mechanism], ["pass", "include:_spf.example.com"]);
    assertEquals((await check("2001:db8::99")).result, "pass");
    assertEquals((await check("198.51.100.1")).result, "fail");
  });
});
