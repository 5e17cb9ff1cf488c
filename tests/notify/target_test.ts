import { assertEquals } from "@std/assert";
import {
  describeTarget,
  formatTarget,
  parseTarget,
  withoutUrlSecrets,
} from "../../lib/notify/target.ts";

for (
  const text of [
    "mail:ann@example.net",
    "mail:ann.lee+x@mail.example.net",
    "ntfy:https://ntfy.example.net/greylag",
    "ntfy:https://user:pass@ntfy.example.net/sub/path/topic_1",
    "ntfy:http://127.0.0.1:8080/t",
    "ntfy:http://[fd00::1]/t",
    "webhook:https://hooks.example.net/a/b?key=1",
    "webhook:http://192.168.1.5:9000/",
  ]
) {
  Deno.test(`${text} is a target`, () => assertEquals(formatTarget(parseTarget(text)!), text));
}

for (
  const text of [
    "",
    "ann@example.net",
    "mail:",
    "mail:ann",
    "mail:ann@example.net, bob@example.net",
    'mail:"a b"@example.net',
    "mail:ann@example.net\r\nBcc: x@example.org",
    "ntfy:https://ntfy.example.net/",
    "ntfy:https://ntfy.example.net/a b",
    "ntfy:https://ntfy.example.net/topic?auth=x",
    "ntfy:http://ntfy.example.net/topic",
    "ntfy:http://192.0.2.1/topic",
    "webhook:file:///etc/passwd",
    "webhook:https://hooks.example.net/#x",
    "webhook:http://hooks.example.net/",
    "matrix:https://example.net/",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is no target`, () => {
    assertEquals(parseTarget(text), undefined);
  });
}

Deno.test("the description of a target shows neither password nor topic nor path", () => {
  const target = parseTarget("ntfy:https://user:pass@ntfy.example.net/topic")!;
  assertEquals(describeTarget(target), "ntfy:ntfy.example.net");
});

Deno.test("a setting is shown without the passwords, topics and paths of its URLs", () => {
  for (
    const secret of [
      "ntfy:https://HOST/secret",
      "ntfy:https://ann:secret@HOST/secret",
      "ntfy:https://ann:secret@secret@HOST/secret",
      "webhook:https://HOST?token=secret",
      "webhook:https://HOST/a@secret",
      "webhook:https://HOST\\secret",
    ]
  ) {
    const json = JSON.stringify([secret, "mail:ann@example.net"]);
    const shown = withoutUrlSecrets(json);
    assertEquals(shown.includes("secret"), false, shown);
    assertEquals(JSON.parse(shown)[1], "mail:ann@example.net");
  }
});
