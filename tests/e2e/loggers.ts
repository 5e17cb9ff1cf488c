/**
 * The log of Postfix as syslog daemons and journald write it.
 *
 * @module
 */
import { gzipSync } from "node:zlib";

/** Templates of rsyslog, by the names of their files. */
const RSYSLOG = {
  "rfc3164.log": "RSYSLOG_TraditionalFileFormat",
  "iso.log": "RSYSLOG_FileFormat",
  "rfc5424.log": "RSYSLOG_SyslogProtocol23Format",
};

const JOURNAL_FORMATS = [
  "export",
  "json",
  "json-seq",
  "short",
  "short-precise",
  "short-iso",
  "short-iso-precise",
  "short-full",
  "short-unix",
];

const rsyslogConfig = (directory: string) => `
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${directory}/syslog" RateLimit.Interval="0")
${
  Object.entries(RSYSLOG).map(([name, template]) =>
    `action(type="omfile" file="${directory}/${name}" template="${template}")\n`
  ).join("")
}`;

/** Real daemons in namespaces of their own, which end with the script. */
const SCRIPT = `
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald 2>/dev/null &
rsyslogd -n -f "$1/rsyslog.conf" -i "$1/pid" 2>/dev/null &
waited=0
until [ -S /run/systemd/journal/dev-log ] && [ -S "$1/syslog" ]; do
  waited=$((waited + 1))
  [ $waited -lt 600 ]
  sleep 0.1
done
while read -r tag pid message; do
  for socket in /run/systemd/journal/dev-log "$1/syslog"; do
    logger --socket "$socket" -p mail.info --id="$pid" -t "$tag" -- "$message"
  done
done <"$1/messages"
wanted=$(wc -l <"$1/messages")
waited=0
until [ "$(journalctl -q -o cat SYSLOG_FACILITY=2 | wc -l)" -ge "$wanted" ] &&
  ${
  Object.keys(RSYSLOG).map((name) => `[ "$(wc -l <"$1/${name}")" -ge "$wanted" ]`).join(" && ")
}; do
  waited=$((waited + 1))
  [ $waited -lt 600 ]
  sleep 0.1
done
for format in ${JOURNAL_FORMATS.join(" ")}; do
  journalctl -q -o $format SYSLOG_FACILITY=2 >"$1/journal.$format"
done
`;

/**
 * Writes a log as each of these programs does.
 *
 * @param log as Postfix wrote it.
 * @returns the paths of the files.
 */
export async function writeLogs(log: string, directory: string): Promise<string[]> {
  const messages = log.trimEnd().split("\n").map((line) => {
    const [, tag, pid, message] = / (\S+)\[(\d+)\]: (.*)$/.exec(line) as unknown as string[];
    return `${tag} ${pid} ${message}\n`;
  });
  await Deno.writeTextFile(`${directory}/messages`, messages.join(""));
  await Deno.writeTextFile(`${directory}/rsyslog.conf`, rsyslogConfig(directory));
  const { success, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SCRIPT].concat(
      "sh",
      directory,
    ),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await Deno.writeTextFile(`${directory}/mail.log`, log);
  await Deno.writeFile(`${directory}/mail.log.1.gz`, gzipSync(log));
  const inContainer = (line: string) => line === "" ? "" : `mailserver-1  | ${line}`;
  await Deno.writeTextFile(
    `${directory}/compose.log`,
    log.split("\n").map(inContainer).join("\n"),
  );
  return [
    "mail.log",
    "mail.log.1.gz",
    "compose.log",
    ...Object.keys(RSYSLOG),
    ...JOURNAL_FORMATS.map((format) => `journal.${format}`),
  ].map((name) => `${directory}/${name}`);
}
