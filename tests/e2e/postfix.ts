import { freePort } from "../free_port.ts";
import { CleanUp, KILL_BELOW, sh } from "../clean_up.ts";
import { untilListening } from "../daemon.ts";
import { eventually } from "../eventually.ts";

/** The restriction of the README, for another endpoint. */
export const policyCheck = (endpoint: string) =>
  `check_policy_service { ${endpoint}, timeout=10s, default_action=DUNNO }`;

const MASTER = (port: number) => `
127.0.0.1:${port} inet n - n - 50 smtpd
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
proxymap  unix  -       -       n       -       -       proxymap
anvil     unix  -       -       n       -       1       anvil
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
virtual   unix  -       n       n       -       -       virtual
postlog   unix-dgram n  -       n       -       1       postlogd
`;

const MAIN = (base: string, policy: string, more: string) => `
compatibility_level = 3.6
queue_directory = ${base}/queue
data_directory = ${base}/data
maillog_file = ${base}/mail.log
maillog_file_prefixes = ${base}
inet_interfaces = 127.0.0.1
myhostname = mx.example.net
mydestination =
virtual_mailbox_domains = example.net
virtual_mailbox_base = ${base}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_client_connection_count_limit = 0
smtpd_recipient_restrictions = reject_unauth_destination, ${policy}
smtpd_peername_lookup = no
smtpd_tls_security_level = none
smtputf8_enable = no
${more.replaceAll("POLICY", policy)}
`;

/** All processes of Postfix work in its queue directory. */
const CLEAN_UP = `${KILL_BELOW}
rm -rf "$1"`;

/** Debian's Postfix with a configuration, a queue and a port of its own. */
export class Postfix {
  readonly #base: string;
  readonly #cleanUp: CleanUp;
  readonly port = freePort();

  private constructor(base: string) {
    this.#base = base;
    this.#cleanUp = new CleanUp(CLEAN_UP, base);
  }

  /**
   * Starts a Postfix and waits until it accepts connections.
   *
   * @param endpoint of Greylag.
   * @param mainCf more lines of main.cf; POLICY stands for the policy check.
   * @param masterCf more lines of master.cf.
   */
  static async start(endpoint: string, mainCf = "", masterCf = ""): Promise<Postfix> {
    const server = new Postfix(await Deno.makeTempDir({ prefix: "greylag-postfix-" }));
    try {
      await server.#start(MAIN(server.#base, policyCheck(endpoint), mainCf), masterCf);
      return server;
    } catch (cause) {
      const log = await server.log();
      await server.stop();
      throw new Error(log, { cause });
    }
  }

  async #start(mainCf: string, masterCf: string): Promise<void> {
    const base = this.#base;
    await Deno.chmod(base, 0o755);
    for (const name of ["etc", "queue", "data", "mail"]) await Deno.mkdir(`${base}/${name}`);
    await Deno.writeTextFile(`${base}/etc/main.cf`, mainCf);
    await Deno.writeTextFile(`${base}/etc/master.cf`, MASTER(this.port) + masterCf);
    await sh(
      `chown postfix ${base}/data && chown 65534 ${base}/mail && ` +
        `/usr/sbin/postfix -c ${base}/etc start`,
    );
    await untilListening(this.port);
  }

  /** Ends all its processes and removes its files. */
  stop(): Promise<void> {
    return this.#cleanUp.run();
  }

  log(): Promise<string> {
    return Deno.readTextFile(`${this.#base}/mail.log`).catch(() => "");
  }

  /** Waits for a number of delivered messages. */
  async delivered(count: number): Promise<string[]> {
    let messages: string[] = [];
    await eventually(
      `${count} messages are delivered`,
      async () => (messages = await this.#messages()).length >= count,
      {},
      () => this.log(),
    );
    return messages;
  }

  async #messages(): Promise<string[]> {
    const messages: string[] = [];
    try {
      for await (const { name } of Deno.readDir(`${this.#base}/mail/box/new`)) {
        messages.push(await Deno.readTextFile(`${this.#base}/mail/box/new/${name}`));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return messages;
  }
}
