import { untilListening } from "../daemon.ts";
import { stop } from "./postgrey.ts";

/** Debian's sqlgrey with an SQLite database of its own. It counts whole seconds. */
export async function withSqlgrey(
  directory: string,
  port: number,
  settings: string,
  body: () => Promise<void>,
): Promise<void> {
  const config = `${directory}/sqlgrey.conf`;
  await Deno.writeTextFile(
    config,
    `inet = 127.0.0.1:${port}
conf_dir = /etc/sqlgrey
db_dsn = DBI:SQLite:dbname=${directory}/sqlgrey.db
reconnect_delay = 0
loglevel = 0
${settings}
`,
  );
  await new Deno.Command("chown", { args: ["-R", "sqlgrey", directory] }).output();
  const sqlgrey = new Deno.Command("/usr/sbin/sqlgrey", {
    args: [`--configfile=${config}`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await untilListening(port);
    await body();
  } finally {
    await stop(sqlgrey);
  }
}
