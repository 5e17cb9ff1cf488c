/**
 * Finds valid settings that have no effect or conflict.
 *
 * @module
 */
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { type Configuration, describeSource } from "./load.ts";
import type { SettingName, Values } from "./settings.ts";

export interface Review {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

interface Ineffective {
  readonly names: readonly SettingName[];
  /** Why they have no effect; undefined if they have. */
  readonly because: (values: Values) => string | undefined;
}

const INEFFECTIVE: readonly Ineffective[] = [
  {
    names: ["dns_lists", "suspicion_threshold"],
    because: ({ mode }) => mode === "off" ? 'mode = "off"' : undefined,
  },
  {
    names: ["signal_weights"],
    because: ({ mode, dns_lists }) =>
      mode === "all" || mode === "off"
        ? `mode = "${mode}"`
        : mode === "auto" && dns_lists.length === 0
        ? 'mode = "auto" without dns_lists'
        : undefined,
  },
  {
    names: ["listed", "listed_wait"],
    because: ({ dns_lists }) => dns_lists.length === 0 ? "dns_lists is empty" : undefined,
  },
  {
    names: ["spf_fail", "spf_widest_ipv4", "spf_widest_ipv6"],
    because: ({ spf }) => spf === "off" ? 'spf = "off"' : undefined,
  },
  {
    names: [
      "status_names",
      "status_prefix",
      "status_private",
      "trusted_proxies",
      "help_text",
      "help_contact",
    ],
    because: ({ status }) => status === "off" ? 'status = "off"' : undefined,
  },
  {
    names: ["max_connections"],
    because: ({ max_connections, max_descriptors }) =>
      max_connections > max_descriptors / 2
        ? `max_descriptors = ${max_descriptors} allows ${Math.floor(max_descriptors / 2)}`
        : undefined,
  },
  {
    names: ["users", "user_files"],
    because: ({ privacy, history, status }) =>
      privacy
        ? "privacy = true: only hashes of addresses are stored"
        : history === 0
        ? 'history = "0s"'
        : status === "off"
        ? 'status = "off": nobody answers the links of notices'
        : undefined,
  },
  {
    names: ["user_rights", "public_url"],
    because: ({ users, user_files }) =>
      users.length + user_files.length === 0 ? "users and user_files are empty" : undefined,
  },
  {
    names: ["notify_events"],
    because: ({ notify }) => notify.length === 0 ? "notify is empty" : undefined,
  },
  {
    names: ["notify_smtp", "notify_from", "notify_sender"],
    because: ({ notify, users, user_files }) =>
      notify.length + users.length + user_files.length === 0
        ? "notify, users and user_files are empty"
        : undefined,
  },
  {
    names: ["history_rows"],
    because: ({ history }) => history === 0 ? 'history = "0s"' : undefined,
  },
  {
    names: ["socketmode"],
    because: ({ listen, status }) =>
      [...listen, status].some((one) => one !== "off" && one.kind === "unix")
        ? undefined
        : "no endpoint is a Unix socket",
  },
];

const WILDCARDS: readonly string[] = ["0.0.0.0", "::"];

function collide(a: Endpoint, b: Endpoint): boolean {
  if (a.kind !== "inet" || b.kind !== "inet") return formatEndpoint(a) === formatEndpoint(b);
  return a.port === b.port && a.port !== 0 &&
    (a.host === b.host || WILDCARDS.includes(a.host) || WILDCARDS.includes(b.host));
}

export function reviewSettings({ values, sources }: Configuration): Review {
  const warnings = INEFFECTIVE.flatMap(({ names, because }) => {
    const why = because(values);
    if (why === undefined) return [];
    return names.filter((name) => sources[name].kind !== "default")
      .map((name) => `${describeSource(sources[name])}: ${name} has no effect: ${why}`);
  });
  const { listen, status } = values;
  const errors = status !== "off" && listen.some((endpoint) => collide(endpoint, status))
    ? [
      `${describeSource(sources.status)}: status = "${
        formatEndpoint(status)
      }" is also an endpoint ` +
      "of `listen`: the page cannot listen there. Choose another port or socket",
    ]
    : [];
  return { errors, warnings };
}
