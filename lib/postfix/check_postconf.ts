/**
 * Problems of Postfix's configuration, each with its remedy.
 *
 * @module
 */
import { type Endpoint, formatEndpoint, parseEndpoint } from "../net/endpoint.ts";
import { EARLIER, prependCheck, repairList, terminalOf } from "./list_repair.ts";
import {
  defaultActionOf,
  effective,
  expander,
  type Finding,
  isSubmission,
  type Parameters,
  type PostfixConfig,
  queueDirectoryOf,
  receivesMail,
  type SmtpService,
} from "./postconf.ts";
import {
  isOwn,
  learningService,
  type ListContext,
  ownServices,
  type PolicyService,
  policyServices,
  recommended,
  splitRestrictions,
  unsafeDefaultAction,
} from "./restrictions.ts";

/** The settings of Greylag that Postfix's configuration has to match. */
export interface GreylagSetup {
  readonly listen: readonly Endpoint[];
  /** The null sender is greylisted at DATA. */
  readonly nullSenderAtData: boolean;
  readonly learnOutbound: boolean;
  readonly recipientDelimiter: string;
}

export const RECIPIENT = "smtpd_recipient_restrictions";
export const DATA = "smtpd_data_restrictions";

/** Lists that smtpd evaluates for each recipient, and those at DATA. */
const LISTS = [
  RECIPIENT,
  "smtpd_relay_restrictions",
  "smtpd_sender_restrictions",
  "smtpd_helo_restrictions",
  "smtpd_client_restrictions",
  DATA,
  "smtpd_end_of_data_restrictions",
] as const;

/** Other greylisting servers by their usual ports. */
const GREYLISTERS: ReadonlyMap<number, string> = new Map([
  [10023, "postgrey"],
  [60000, "postgrey"],
  [2501, "sqlgrey"],
  [5525, "gross"],
]);

/** The name of a greylisting server at an endpoint as written; undefined for other policy servers. */
export function greylisterAt(written: string): string | undefined {
  const endpoint = parseEndpoint(written);
  if (endpoint?.kind === "inet") return GREYLISTERS.get(endpoint.port);
  return /(post|sql|milter-)?grey(?!lag)\w*|gross/i.exec(written)?.[0];
}

/** A list of one service, or of main.cf for all services that do not override it. */
interface Place {
  readonly list: string;
  /** Undefined for main.cf. */
  readonly service?: SmtpService;
  readonly value: string;
  readonly context: ListContext;
}

/** Whether a policy service is a greylisting server, or Greylag at an earlier `listen`. */
function isGreylister(written: string): boolean {
  return greylisterAt(written) !== undefined || /greylag/i.test(written);
}

/**
 * @param named endpoint as written whose check Greylag's replaces in any case. Of the dead ones only
 * greylisting servers are replaced: another policy server may just be stopped.
 */
export function contextFor(
  parameters: Parameters,
  listen: readonly Endpoint[],
  deadEndpoints: ReadonlySet<string>,
  named?: string,
): ListContext {
  return {
    endpoints: listen,
    queueDirectory: queueDirectoryOf(parameters),
    defaultAction: defaultActionOf(parameters),
    deadEndpoints,
    replacedEndpoints: new Set([
      ...named === undefined ? [] : [named],
      ...[...deadEndpoints].filter(isGreylister),
    ]),
    expand: expander(parameters),
  };
}

/** The line that changes a list. `postconf -P` accepts no value with white space. */
function assignment({ list, service }: Pick<Place, "list" | "service">, value: string): string {
  const line = `${list} = ${splitRestrictions(value).join(" ")}`;
  return service === undefined ? line : `master.cf, ${service.id}: -o { ${line} }`;
}

const nameOf = ({ list, service }: Place): string =>
  service === undefined ? list : `${list} of ${service.id} in master.cf`;

function checkDefaultAction(place: Place, service: PolicyService): Finding[] {
  const action = unsafeDefaultAction(service, place.context);
  if (action === undefined) return [];
  return [{
    severity: "error",
    what: `while greylag is stopped, Postfix answers all mail with "${action}" (${nameOf(place)})`,
    remedy: place.list === RECIPIENT
      ? assignment(place, repairList(place.value, place.context))
      : assignment(place, recommended(place.context.endpoints[0]!)),
  }];
}

function checkPosition(place: Place, { position }: PolicyService): Finding[] {
  const words = splitRestrictions(place.value);
  const remedy = assignment(place, repairList(place.value, place.context));
  const findings: Finding[] = [];
  const terminal = terminalOf(words.slice(0, position));
  if (terminal !== undefined) {
    findings.push({
      severity: "error",
      what: `check_policy_service stands after ${terminal} and is never reached (${nameOf(place)})`,
      remedy,
    });
  }
  for (const earlier of EARLIER) {
    if (words.indexOf(earlier) <= position) continue;
    const effect = earlier.startsWith("permit")
      ? "mail of your own users may be delayed"
      : "mail for other sites is checked too";
    findings.push({
      severity: "error",
      what: `check_policy_service stands before ${earlier}: ${effect} (${nameOf(place)})`,
      remedy,
    });
  }
  return findings;
}

function checkSocket(place: Place, { endpoint }: PolicyService): Finding[] {
  const { queueDirectory, endpoints } = place.context;
  const own = endpoints.find((one) => one.kind === "unix" && endpoint.endsWith(one.path));
  if (own?.kind !== "unix" || own.path.startsWith(`${queueDirectory}/`)) return [];
  return [{
    severity: "warning",
    what: `a chrooted smtpd (Debian's default) cannot reach ${own.path} of ${nameOf(place)}`,
    remedy: `let greylag listen below ${queueDirectory}, or on inet:127.0.0.1:10023`,
  }];
}

/** Other greylisting servers that Postfix calls and that answer. */
export function otherGreylisters(value: string, context: ListContext): PolicyService[] {
  return policyServices(context.expand(value)).filter(({ endpoint }) =>
    greylisterAt(endpoint) !== undefined && !isOwn(endpoint, context) &&
    !context.deadEndpoints.has(endpoint) && !context.replacedEndpoints.has(endpoint)
  );
}

function checkOthers(place: Place): Finding[] {
  return otherGreylisters(place.value, place.context).map(({ endpoint, position }): Finding => ({
    severity: "warning",
    what: `mail is greylisted twice: ${nameOf(place)} contains ${endpoint} ` +
      `(${greylisterAt(endpoint)}) as well`,
    remedy: assignment(
      place,
      splitRestrictions(place.value).toSpliced(position, 2).join(" "),
    ),
  }));
}

function checkDead(place: Place): Finding[] {
  return policyServices(place.value).flatMap(({ endpoint, position, options }): Finding[] => {
    if (!place.context.deadEndpoints.has(endpoint)) return [];
    const action = options.get("default_action") ?? place.context.defaultAction;
    const words = splitRestrictions(place.value);
    const isCalled = ownServices(place.value, place.context).length > 0;
    const without = assignment(place, words.toSpliced(position, 2).join(" "));
    return [{
      severity: "error",
      what:
        `${nameOf(place)} contains ${endpoint}, where no program listens: Postfix answers with ` +
        `"${action}"`,
      remedy: !place.context.replacedEndpoints.has(endpoint)
        ? `Start the program that listens there, or remove the check: ${without}`
        : place.list === RECIPIENT && !isCalled
        ? assignment(place, repairList(place.value, place.context))
        : without,
    }];
  });
}

/** The restriction lists of main.cf, and those that services for incoming mail override. */
function placesOf(
  config: PostfixConfig,
  listen: readonly Endpoint[],
  dead: ReadonlySet<string>,
): Place[] {
  const { parameters } = config;
  const classes = splitRestrictions(parameters.get("smtpd_restriction_classes") ?? "");
  const inMain = [...LISTS, ...classes].map((list): Place => ({
    list,
    value: parameters.get(list) ?? "",
    context: contextFor(parameters, listen, dead),
  }));
  const inMaster = config.services.filter(receivesMail).flatMap((service) =>
    LISTS.filter((list) => service.overrides.has(list)).map((list): Place => ({
      list,
      service,
      value: service.overrides.get(list)!,
      context: contextFor(effective(config, service), listen, dead),
    }))
  );
  return [...inMain, ...inMaster];
}

function isCalledIn({ value, context }: Place): boolean {
  return ownServices(context.expand(value), context).length > 0;
}

function checkRecipientLists(places: readonly Place[], setup: GreylagSetup): Finding[] {
  const inMain = places.filter(({ service }) => service === undefined);
  const main = inMain.find(({ list }) => list === RECIPIENT)!;
  const classes = inMain.filter(({ list }) => !list.startsWith("smtpd_"));
  const findings: Finding[] = [];
  if (!isCalledIn(main) && !classes.some(isCalledIn)) {
    const remedy = assignment(main, repairList(main.value, main.context));
    const called = inMain.flatMap(({ value, context }) => policyServices(context.expand(value)));
    const isElsewhere = inMain.some(isCalledIn);
    findings.push({
      severity: "error",
      what: isElsewhere
        ? `${RECIPIENT} does not call greylag: recipients are not greylisted`
        : called.length === 0
        ? "main.cf has no check_policy_service: Postfix does not call greylag"
        : `Postfix calls ${
          called.map(({ endpoint }) => endpoint).join(", ")
        }, but greylag listens on ` +
          setup.listen.map(formatEndpoint).join(", "),
      remedy,
    });
  }
  for (const place of places) {
    if (place.service === undefined || place.list !== RECIPIENT || isCalledIn(place)) continue;
    findings.push({
      severity: "error",
      what:
        `${place.service.id} in master.cf overrides ${RECIPIENT}, and its list does not call greylag`,
      remedy: assignment(place, repairList(place.value, place.context)),
    });
  }
  return findings;
}

function checkDataLists(places: readonly Place[], { nullSenderAtData }: GreylagSetup): Finding[] {
  if (!nullSenderAtData) return [];
  const lists = places.filter(({ list }) => list === DATA);
  return lists.filter((place) => !isCalledIn(place)).map((place): Finding => ({
    severity: "warning",
    what:
      "null_sender is data, but greylag is not called at DATA, so that the null sender is never " +
      `greylisted (${nameOf(place)})`,
    remedy: assignment(
      place,
      prependCheck(place.value, recommended(place.context.endpoints[0]!)),
    ),
  }));
}

/** Whether a submission service calls Greylag for mail of own users before it accepts it. */
export function learnsFrom(
  service: SmtpService,
  config: PostfixConfig,
  listen: readonly Endpoint[],
): boolean {
  const parameters = effective(config, service);
  const context = contextFor(parameters, listen, new Set());
  return LISTS.some((list) => {
    const value = context.expand(parameters.get(list) ?? "");
    const words = splitRestrictions(value);
    const [own] = ownServices(value, context);
    if (own === undefined || list === DATA || list === "smtpd_end_of_data_restrictions") {
      return false;
    }
    const before = words.slice(0, own.position);
    return terminalOf(before) === undefined && !before.includes("permit_sasl_authenticated");
  });
}

function checkOutbound(config: PostfixConfig, setup: GreylagSetup): Finding[] {
  if (!setup.learnOutbound) return [];
  const silent = config.services.filter(isSubmission)
    .filter((service) => !learnsFrom(service, config, setup.listen));
  if (silent.length === 0) return [];
  return [{
    severity: "advice",
    what: `learn_outbound has no effect: ${
      silent.map(({ id }) => id).join(", ")
    } in master.cf does ` +
      "not call greylag, so that replies to your users are delayed",
    remedy: `install.sh --learn-outbound, or master.cf, ${silent[0]!.id}: -o { ${RECIPIENT} = ` +
      `${learningService(setup.listen[0]!)} permit_sasl_authenticated reject }`,
  }];
}

function checkDelimiter({ parameters }: PostfixConfig, setup: GreylagSetup): Finding[] {
  const delimiter = parameters.get("recipient_delimiter") ?? "";
  const missing = [...delimiter].filter((char) => !setup.recipientDelimiter.includes(char));
  if (missing.length === 0) return [];
  return [{
    severity: "warning",
    what:
      `Postfix's recipient_delimiter is "${delimiter}", and greylag's "${setup.recipientDelimiter}": ` +
      "each extension of an address is greylisted separately",
    remedy: `recipient_delimiter = ${JSON.stringify(delimiter)} in greylag's settings`,
  }];
}

/**
 * Finds the problems of Postfix's configuration.
 *
 * @param dead endpoints of policy services, as written, on which no program listens.
 */
export function checkPostconf(
  config: PostfixConfig,
  setup: GreylagSetup,
  dead: ReadonlySet<string> = new Set(),
): Finding[] {
  const places = placesOf(config, setup.listen, dead);
  const inOwnLists = places.flatMap((place) =>
    ownServices(place.value, place.context).flatMap((service) => [
      ...place.list === RECIPIENT ? checkPosition(place, service) : [],
      ...checkDefaultAction(place, service),
      ...checkSocket(place, service),
    ])
  );
  return [
    ...checkRecipientLists(places, setup),
    ...inOwnLists,
    ...places.flatMap(checkDead),
    ...places.some(isCalledIn) ? places.flatMap(checkOthers) : [],
    ...checkDataLists(places, setup),
    ...checkDelimiter(config, setup),
    ...checkOutbound(config, setup),
  ];
}

/** The endpoints of all policy services, as written. */
export function calledEndpoints(config: PostfixConfig): string[] {
  const sets = [config.parameters, ...config.services.map(({ overrides }) => overrides)];
  const values = sets.flatMap((parameters) => [...parameters.values()]);
  return [...new Set(values.flatMap(policyServices).map(({ endpoint }) => endpoint))];
}
