/**
 * Shapes in which administrators write restriction lists, each with the list that Postfix has after
 * Greylag was added.
 *
 * @module
 */

export const CHECK =
  "check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }";

export const LEARNING_CHECK =
  "check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO, policy_context=submission }";

export interface Shape {
  readonly name: string;
  readonly mainCf: string;
  readonly masterCf?: string;
  /** Words of smtpd_recipient_restrictions of main.cf after the edit. */
  readonly list?: string;
  /** Words of overrides of master.cf after the edit, by service and parameter. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** A piece that the edited file has to contain literally. */
  readonly literally?: string;
}

/** The services of every shape. */
export const MASTER = `# Postfix master process configuration file.
smtp      inet  n       -       y       -       -       smtpd
#submission inet n       -       y       -       -       smtpd
pickup    unix  n       -       y       60      1       pickup
cleanup   unix  n       -       y       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
`;

const SUBMISSION = `submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
# only with a password
  -o smtpd_sasl_auth_enable=yes
`;

export const SHAPES: readonly Shape[] = [
  {
    name: "not set",
    mainCf: "myhostname = mx.example.net\n",
    list: `permit_mynetworks permit_sasl_authenticated reject_unauth_destination ${CHECK}`,
  },
  {
    name: "set to nothing",
    mainCf: "smtpd_recipient_restrictions =\nmyhostname = mx.example.net\n",
    list: `permit_mynetworks permit_sasl_authenticated reject_unauth_destination ${CHECK}`,
  },
  {
    name: "on one line with commas",
    mainCf: "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination\n",
    list: `permit_mynetworks reject_unauth_destination ${CHECK}`,
    literally: `permit_mynetworks, reject_unauth_destination, ${CHECK}\n`,
  },
  {
    name: "on one line with spaces, and permit at its end",
    mainCf: "smtpd_recipient_restrictions=permit_mynetworks  reject_unauth_destination permit\n",
    list: `permit_mynetworks reject_unauth_destination ${CHECK} permit`,
    literally:
      `smtpd_recipient_restrictions=permit_mynetworks  reject_unauth_destination ${CHECK} permit`,
  },
  {
    name: "a line each, beginning on the next line, with a comma at the end",
    mainCf:
      "smtpd_recipient_restrictions =\n\tpermit_mynetworks,\n\treject_unauth_destination,\n\nmynetworks = 127.0.0.0/8\n",
    list: `permit_mynetworks reject_unauth_destination ${CHECK}`,
    literally: `\treject_unauth_destination,\n\t${CHECK},\n`,
  },
  {
    name: "a line each, with comments and empty lines between them",
    mainCf: "smtpd_recipient_restrictions =\n  permit_mynetworks\n# no relaying, please\n" +
      "  reject_unauth_destination\n\n  # the rest is welcome\n  permit\n# end, of, all\nx = 1\n",
    list: `permit_mynetworks reject_unauth_destination ${CHECK} permit`,
    literally: `  reject_unauth_destination\n  ${CHECK}\n\n  # the rest is welcome\n  permit\n`,
  },
  {
    name: "commas at the beginning of lines",
    mainCf: "smtpd_recipient_restrictions = permit_mynetworks\n   , reject_unauth_destination\n",
    list: `permit_mynetworks reject_unauth_destination ${CHECK}`,
  },
  {
    name: "without a newline at the end of the file",
    mainCf: "x = 1\nsmtpd_recipient_restrictions = reject_unauth_destination",
    list: `reject_unauth_destination ${CHECK}`,
  },
  {
    name: "set twice, and once more in a comment",
    mainCf: "smtpd_recipient_restrictions = permit_mynetworks, reject\n" +
      "smtpd_recipient_restrictions = reject_unauth_destination\n" +
      "#smtpd_recipient_restrictions = permit\n",
    list: `reject_unauth_destination ${CHECK}`,
    literally: "smtpd_recipient_restrictions = permit_mynetworks, reject\n",
  },
  {
    name: "with reject_unauth_destination in smtpd_relay_restrictions only",
    mainCf: "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n" +
      "smtpd_recipient_restrictions = permit_mynetworks\n",
    list: `permit_mynetworks reject_unauth_destination ${CHECK}`,
  },
  {
    name: "through a parameter of the administrator's own",
    mainCf: "own = permit_mynetworks, reject_unauth_destination\n" +
      "smtpd_recipient_restrictions = $own, check_policy_service { unix:private/spf, timeout=5s }\n",
    list: `$own check_policy_service { unix:private/spf, timeout=5s } ${CHECK}`,
  },
  {
    name: "its own check without default_action, over two lines",
    mainCf: "smtpd_recipient_restrictions = reject_unauth_destination,\n" +
      "    check_policy_service { inet:127.0.0.1:10023,\n       timeout=3s },\n    permit\n",
    list: "reject_unauth_destination check_policy_service " +
      "{ inet:127.0.0.1:10023, timeout=3s, default_action=DUNNO } permit",
  },
  {
    name: "its own check of postgrey's kind",
    mainCf: "smtpd_recipient_restrictions = reject_unauth_destination,\n" +
      "  # greylisting\n  check_policy_service inet:127.0.0.1:10023\n",
    list: `reject_unauth_destination ${CHECK}`,
    literally: `  # greylisting\n  ${CHECK}\n`,
  },
  {
    name: "its own check behind permit",
    mainCf: "smtpd_recipient_restrictions = reject_unauth_destination,\n  permit,\n" +
      `  ${CHECK}\n`,
    list: `reject_unauth_destination ${CHECK} permit`,
    literally: `reject_unauth_destination,\n  ${CHECK},\n  permit\n`,
  },
  {
    name: "its own check before the restrictions about own users",
    mainCf:
      `smtpd_recipient_restrictions = ${CHECK}, permit_mynetworks, reject_unauth_destination\n`,
    list: `permit_mynetworks reject_unauth_destination ${CHECK}`,
  },
  {
    name: "a greylisting server on a dead port",
    mainCf: "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,\n" +
      "  check_policy_service inet:127.0.0.1:2501, permit\n",
    list: `permit_mynetworks reject_unauth_destination ${CHECK} permit`,
  },
  {
    name: "bytes that are no UTF-8",
    mainCf: "# Stra\xdfe\nsmtpd_recipient_restrictions = reject_unauth_destination\n",
    list: `reject_unauth_destination ${CHECK}`,
  },
  {
    name: "an override of master.cf",
    mainCf: "smtpd_recipient_restrictions = reject_unauth_destination\n",
    masterCf: "25        inet  n       -       y       -       -       smtpd\n" +
      "  -o smtpd_recipient_restrictions=permit_mynetworks,reject_unauth_destination\n" +
      "  # a comment\n  -o smtpd_tls_security_level=may\n",
    list: `reject_unauth_destination ${CHECK}`,
    overrides: {
      "25/inet/smtpd_recipient_restrictions":
        `permit_mynetworks reject_unauth_destination ${CHECK}`,
    },
    literally: "  # a comment\n  -o smtpd_tls_security_level=may\n",
  },
  {
    name: "a submission service with a list of its own",
    mainCf: `smtpd_recipient_restrictions = reject_unauth_destination, ${CHECK}\n`,
    masterCf: `${SUBMISSION}  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject\n`,
    list: `reject_unauth_destination ${CHECK}`,
    overrides: {
      "submission/inet/smtpd_recipient_restrictions":
        `${LEARNING_CHECK} permit_sasl_authenticated reject`,
    },
  },
  {
    name: "a submission service as Debian suggests it, and one without any list",
    mainCf:
      `smtpd_recipient_restrictions = permit_sasl_authenticated, reject_unauth_destination, ${CHECK}\n`,
    masterCf: `${SUBMISSION}  -o smtpd_recipient_restrictions=\n` +
      "  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n" +
      "submissions inet n       -       y       -       -       smtpd\n" +
      "  -o smtpd_tls_wrappermode=yes\n",
    list: `permit_sasl_authenticated reject_unauth_destination ${CHECK}`,
    overrides: {
      "submission/inet/smtpd_recipient_restrictions": LEARNING_CHECK,
      "submissions/inet/smtpd_sender_restrictions": LEARNING_CHECK,
    },
  },
];

/** The texts of a shape's files. */
export function filesOf({ mainCf, masterCf = "" }: Shape): {
  "main.cf": string;
  "master.cf": string;
} {
  return { "main.cf": mainCf, "master.cf": MASTER + masterCf };
}
