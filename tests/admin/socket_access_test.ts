import { assertEquals } from "@std/assert";
import { obstacleTo, type Ownership, permits, userNamed } from "../../lib/admin/socket_access.ts";

const PASSWD = "root:x:0:0::/root:/bin/sh\npostfix:x:107:114::/var/spool/postfix:/bin/false\n";
const GROUP = "root:x:0:\npostfix:x:114:\nmail:x:8:dovecot,postfix\n";

Deno.test("a user has its own group and the groups that list it", () => {
  assertEquals(userNamed("postfix", PASSWD, GROUP), { uid: 107, gids: [114, 8] });
  assertEquals(userNamed("nobody", PASSWD, GROUP), undefined);
});

Deno.test("access is decided by the owner's, the group's or the others' digit of a mode", () => {
  const user = { uid: 107, gids: [114, 8] };
  const table: [mode: number, uid: number, gid: number, allowed: boolean][] = [
    [0o666, 0, 0, true],
    [0o664, 0, 0, false],
    [0o660, 0, 8, true],
    [0o606, 0, 8, false],
    [0o600, 107, 0, true],
    [0o066, 107, 8, false],
  ];
  for (const [mode, uid, gid, allowed] of table) {
    assertEquals(permits({ mode, uid, gid }, user, 2), allowed, mode.toString(8));
  }
  assertEquals(permits({ mode: 0, uid: 5, gid: 5 }, { uid: 0, gids: [] }, 2), true);
});

Deno.test("the first obstacle is named", () => {
  const user = { uid: 107, gids: [114] };
  const files: Record<string, Ownership> = {
    "/run": { mode: 0o755, uid: 0, gid: 0 },
    "/run/greylag": { mode: 0o700, uid: 5, gid: 5 },
    "/run/greylag/policy": { mode: 0o666, uid: 5, gid: 5 },
    "/run/policy": { mode: 0o660, uid: 5, gid: 5 },
    "/run/open": { mode: 0o666, uid: 5, gid: 5 },
  };
  const obstacle = (path: string) => obstacleTo(path, user, (one) => files[one]!);
  assertEquals(obstacle("/run/greylag/policy"), "/run/greylag");
  assertEquals(obstacle("/run/policy"), "/run/policy");
  assertEquals(obstacle("/run/open"), undefined);
});
