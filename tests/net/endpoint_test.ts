import { assertEquals } from "@std/assert";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../../lib/net/endpoint.ts";

Deno.test("endpoints are parsed in Postfix's notation", () => {
  const inet = (host: string, port: number): Endpoint => ({ kind: "inet", host, port });
  const table: [string, Endpoint | undefined][] = [
    ["inet:127.0.0.1:10023", inet("127.0.0.1", 10023)],
    ["127.0.0.1:10023", inet("127.0.0.1", 10023)],
    ["inet:10023", inet("127.0.0.1", 10023)],
    ["10023", inet("127.0.0.1", 10023)],
    ["localhost:10023", inet("127.0.0.1", 10023)],
    ["inet:[::1]:10023", inet("::1", 10023)],
    ["[::1]:10023", inet("::1", 10023)],
    ["unix:/run/greylag/policy", { kind: "unix", path: "/run/greylag/policy" }],
    ["unix:policy", { kind: "unix", path: "policy" }],
    ["/run/policy", { kind: "unix", path: "/run/policy" }],
    ["inet:host.example:10023", undefined],
    ["inet:127.0.0.1:0", undefined],
    ["inet:127.0.0.1:65536", undefined],
    ["inet:::1:10023", undefined],
    ["unix:", undefined],
    ["inet:/x", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of table) assertEquals(parseEndpoint(text), expected, text);
});

Deno.test("a formatted endpoint is parsed to the same endpoint", () => {
  for (const text of ["inet:127.0.0.1:10023", "inet:[::1]:10023", "unix:/run/policy"]) {
    assertEquals(formatEndpoint(parseEndpoint(text)!), text);
  }
});
