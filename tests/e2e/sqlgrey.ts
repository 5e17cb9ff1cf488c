import { untilListening } from "../daemon.ts";
import { stop } from "./postgrey.ts";

/**
 * Debian's sqlgrey with an SQLite database of its own. It counts whole seconds.
 *
 * @param whitelists contents of its list files by their names.
 */
export async function withSqlgrey(
  directory: string,
  port: number,
  settings: string,
  body: () => Promise<void>,
  whitelists: Readonly<Record<string, string>> = {},
): Promise<void> {
  for await (const { name } of Deno.readDir("/etc/sqlgrey")) {
    await Deno.copyFile(`/etc/sqlgrey/${name}`, `${directory}/${name}`);
  }
  for (const [name, text] of Object.entries(whitelists)) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
  const config = `${directory}/sqlgrey.conf`;
  await Deno.writeTextFile(
    config,
    `inet = 127.0.0.1:${port}
conf_dir = ${directory}
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
