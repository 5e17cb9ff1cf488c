import { postgreyListFiles } from "../config/postgrey.ts";

/** sqlgrey's list files of clients, with those of the administrator. */
const SQLGREY_FILES: readonly string[] = ["clients_ip_whitelist", "clients_fqdn_whitelist"]
  .flatMap((name) => [`/etc/sqlgrey/${name}`, `/etc/sqlgrey/${name}.local`]);

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The existing list files that a greylisting server reads without being told. */
export function listFilesOfServer(
  server: string,
): Readonly<Record<"whitelist_clients" | "whitelist_recipients", readonly string[]>> {
  if (server === "postgrey") return postgreyListFiles(exists);
  const clients = server === "sqlgrey" ? SQLGREY_FILES.filter(exists) : [];
  return { whitelist_clients: clients, whitelist_recipients: [] };
}
