import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  ensureSecrets,
  readSecrets,
  rotateSecret,
  SecretError,
  secretPath,
} from "../../lib/notify/secret_file.ts";
import { inDirectory } from "../daemon.ts";

Deno.test("secrets are created once, for their owner only", () =>
  inDirectory((directory) => {
    const database = `${directory}/g.db`;
    assertThrows(() => readSecrets(database), SecretError, "no such file");
    const secrets = ensureSecrets(database);
    assertEquals(ensureSecrets(database), secrets);
    assertNotEquals(secrets.links, secrets.webhook);
    assertEquals(Deno.statSync(secretPath(database)).mode! & 0o777, 0o600);
  }));

Deno.test("a rotation replaces one secret and keeps the other", () =>
  inDirectory((directory) => {
    const database = `${directory}/g.db`;
    const before = ensureSecrets(database);
    rotateSecret(database, "links");
    const after = readSecrets(database);
    assertNotEquals(after.links, before.links);
    assertEquals(after.webhook, before.webhook);
    rotateSecret(database, "webhook");
    assertEquals(readSecrets(database).links, after.links);
    assertNotEquals(readSecrets(database).webhook, after.webhook);
  }));

Deno.test("a damaged file is an error that says what to do", () =>
  inDirectory((directory) => {
    const database = `${directory}/g.db`;
    Deno.writeFileSync(secretPath(database), new Uint8Array(10));
    assertThrows(() => ensureSecrets(database), SecretError, "Remove it and restart");
  }));
