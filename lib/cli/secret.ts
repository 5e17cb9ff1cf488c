import { AccessError, ConfigError } from "../config/load.ts";
import {
  readSecrets,
  rotateSecret,
  SecretError,
  type SecretName,
  secretPath,
} from "../notify/secret_file.ts";
import type { Command } from "./command.ts";
import { DATABASE_OPTIONS, parseInvocation } from "./invocation.ts";
import { optionalArgument, UsageError } from "./usage.ts";

const NAMES: readonly SecretName[] = ["links", "webhook"];

function secretNamed(text: string): SecretName {
  const name = NAMES.find((one) => one === text);
  if (name === undefined) {
    throw new UsageError(`unknown secret "${text}"; known are links, webhook`);
  }
  return name;
}

/** @throws {ConfigError} with the message of a missing or damaged file. */
function withSecrets<T>(database: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    if (error.cause instanceof Deno.errors.PermissionDenied) {
      throw new AccessError(secretPath(database));
    }
    throw new ConfigError(error.message);
  }
}

export const secret: Command = {
  name: "secret",
  summary: "rotate the secrets of links and webhooks",
  usage: "rotate [links | webhook] | show webhook",
  words: { rotate: [...NAMES], show: ["webhook"] },
  description: [
    "rotate replaces the secret of links (the default): every link that was sent, and every device that " +
    "stays signed in, is void at once. rotate webhook replaces the key of webhook signatures.",
    "show webhook prints that key in hexadecimal, for the receiver.",
  ],
  options: DATABASE_OPTIONS.filter(({ name }) => name !== "json"),
  run(args, output) {
    const { configuration: { values: { database } }, rest } = parseInvocation(args, []);
    const [what, ...more] = rest;
    if (what === "rotate") {
      const name = secretNamed(optionalArgument(more) ?? "links");
      withSecrets(database, () => rotateSecret(database, name));
      output.print(
        name === "links"
          ? "Links that were sent before are void.\n"
          : "New key of webhook signatures: greylag secret show webhook\n",
      );
      return Promise.resolve(0);
    }
    if (what === "show") {
      if (optionalArgument(more) !== "webhook") {
        throw new UsageError("only the secret webhook is for others: greylag secret show webhook");
      }
      const { webhook } = withSecrets(database, () => readSecrets(database));
      output.print(`${webhook.toHex()}\n`);
      return Promise.resolve(0);
    }
    throw new UsageError(
      what === undefined
        ? "name an action: rotate or show"
        : `unknown action "${what}"; known are rotate, show`,
    );
  },
};
