/**
 * Settings that contradict each other.
 *
 * @module
 */
import { formatEndpoint, isLocal } from "../net/endpoint.ts";
import { databaseAddress, databaseError } from "../share/target.ts";
import { socketPathError } from "../sockets/listen.ts";
import type { SettingName, Values } from "./settings.ts";

interface Contradiction {
  /** The setting to correct. */
  readonly name: SettingName;
  readonly why: string;
}

/**
 * Checks all settings against each other.
 *
 * @returns the first contradiction, or undefined.
 */
export function contradiction(values: Values): Contradiction | undefined {
  if (values.retry_window <= Math.max(values.delay, values.delay_suspicious)) {
    return {
      name: "retry_window",
      why:
        "must be longer than `delay` and `delay_suspicious`: no retry could be accepted otherwise",
    };
  }
  if (values.lifetime < values.retry_window) {
    return { name: "lifetime", why: "must not be shorter than `retry_window`" };
  }
  if (values.listen.length === 0) {
    return {
      name: "listen",
      why: 'must name at least one endpoint, such as "inet:127.0.0.1:10023"',
    };
  }
  const tooLong = socketContradiction(values);
  if (tooLong !== undefined) return tooLong;
  const open = values.listen.find((endpoint) => !isLocal(endpoint));
  if (values.accept_test_time && open !== undefined) {
    const where = formatEndpoint(open);
    return {
      name: "accept_test_time",
      why: `lets any client of ${where} set the clock. ` +
        "Listen on loopback addresses and Unix sockets only, or turn it off",
    };
  }
  if (values.public_url === "" && (values.users.length > 0 || values.user_files.length > 0)) {
    return {
      name: "public_url",
      why: 'must be set, such as "https://mail.example.net": the notices of `users` contain links',
    };
  }
  if (values.public_url !== "" && pathOf(values.public_url) !== values.status_prefix) {
    return {
      name: "public_url",
      why: `must have the path of \`status_prefix\`, which is "${values.status_prefix}"`,
    };
  }
  if (values.notify_smtp.kind !== "inet") {
    return { name: "notify_smtp", why: "must be inet:HOST:PORT" };
  }
  return shareContradiction(values);
}

function socketContradiction(
  { listen, status }: Values,
): Contradiction | undefined {
  for (const name of ["listen", "status"] as const) {
    for (const endpoint of name === "listen" ? listen : [status]) {
      if (endpoint === "off" || endpoint.kind !== "unix") continue;
      // The socket of the page is created at a longer, temporary path.
      const why = socketPathError(endpoint.path, name === "status");
      if (why !== undefined) return { name, why };
    }
  }
  return undefined;
}

function shareContradiction(
  { share, share_password_file, share_ca_file, status }: Values,
): Contradiction | undefined {
  if (share.length === 0) return undefined;
  const database = share.find((target) => target.kind === "database");
  if (database !== undefined && share.length > 1) {
    return { name: "share", why: "must be URLs of other sites or one URL of a database, not both" };
  }
  const error = database && databaseError(database);
  if (error !== undefined) return { name: "share", why: error };
  if (share_password_file === "") {
    return {
      name: "share_password_file",
      why: "must be set with `share`: write a secret with " +
        "`openssl rand -base64 32 > /etc/greylag/share.key` and copy it to the other sites",
    };
  }
  if (
    share_ca_file !== "" && database !== undefined &&
    databaseAddress(database).sslMode !== "verify-full"
  ) {
    return {
      name: "share_ca_file",
      why: "verifies a database only with sslmode=verify-full: add it to the URL in `share`",
    };
  }
  if (database === undefined && status === "off") {
    return { name: "status", why: "must be on: the other sites read the changes from there" };
  }
  return undefined;
}

const pathOf = (url: string) => new URL(url).pathname.replace(/\/$/, "");
