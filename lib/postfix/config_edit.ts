/**
 * Edits the texts of main.cf and master.cf so that Postfix calls Greylag, and undoes it byte for byte. Lines
 * that do not change stay as they are written, with their comments.
 *
 * @module
 */
import {
  calledEndpoints,
  contextFor,
  DATA,
  type GreylagSetup,
  greylisterAt,
  learnsFrom,
  otherGreylisters,
  RECIPIENT,
} from "./check_postconf.ts";
import { prependCheck, repairList, withoutOwn } from "./list_repair.ts";
import {
  effective,
  isSubmission,
  logicalLines,
  type MasterEntry,
  type Parameters,
  parseConfigFiles,
  parseMasterEntry,
  receivesMail,
} from "./postconf.ts";
import { learningService, ownServices, recommended } from "./restrictions.ts";

export type ConfigFile = "main.cf" | "master.cf";

export type ConfigFiles = Readonly<Record<ConfigFile, string>>;

/** A replaced piece of a file. */
export interface ConfigChange {
  readonly file: ConfigFile;
  /** Empty if `after` was appended. */
  readonly before: string;
  readonly after: string;
}

export interface Edited {
  readonly files: ConfigFiles;
  /** In the order of the edits. */
  readonly changes: readonly ConfigChange[];
  /** Why something stays as it is. */
  readonly problems: readonly string[];
}

/** Lists that smtpd evaluates for each recipient and that are rarely used. */
const SPARE_LISTS = [
  "smtpd_sender_restrictions",
  "smtpd_helo_restrictions",
  "smtpd_client_restrictions",
];

/** Collects the changes of both files. */
class Editor {
  readonly changes: ConfigChange[] = [];
  readonly problems: string[] = [];
  #files: ConfigFiles;

  constructor(files: ConfigFiles) {
    this.#files = files;
  }

  get files(): ConfigFiles {
    return this.#files;
  }

  replace(file: ConfigFile, start: number, before: string, after: string): void {
    if (before === after) return;
    const text = this.#files[file];
    this.#files = {
      ...this.#files,
      [file]: text.slice(0, start) + after + text.slice(start + before.length),
    };
    this.changes.push({ file, before, after });
  }

  /** Changes a parameter of main.cf; one that is not set is appended. */
  setParameter(name: string, change: (value: string) => string): void {
    const text = this.#files["main.cf"];
    const line = logicalLines(text).findLast((one) => parameterName(one.text) === name);
    if (line === undefined) {
      const value = change("").trim();
      if (value === "") return;
      const newline = text === "" || text.endsWith("\n") ? "" : "\n";
      this.replace("main.cf", text.length, "", `${newline}${name} = ${value}\n`);
      return;
    }
    const equals = line.text.indexOf("=") + 1;
    const after = line.text.slice(0, equals) + change(line.text.slice(equals));
    this.replace("main.cf", line.start, line.text, after);
  }

  /** Changes a parameter that a service of master.cf overrides, or adds the override. */
  setOverride(id: string, name: string, change: (value: string) => string): void {
    const text = this.#files["master.cf"];
    for (const line of logicalLines(text)) {
      const entry = parseMasterEntry(line.text);
      if (entry === undefined || `${entry.name}/${entry.type}` !== id) continue;
      this.replace(
        "master.cf",
        line.start,
        line.text,
        withOverride(line.text, entry, name, change),
      );
    }
  }
}

function parameterName(line: string): string | undefined {
  return /^([A-Za-z0-9_]+)\s*=/.exec(line)?.[1];
}

function withOverride(
  line: string,
  { tokens, options }: MasterEntry,
  name: string,
  change: (value: string) => string,
): string {
  const option = options.findLast((one) => one.name === name);
  if (option !== undefined) {
    const value = change(option.value);
    if (value === option.value) return line;
    const { start, end } = option.token;
    return `${line.slice(0, start)}{ ${name} = ${value.trim()} }${line.slice(end)}`;
  }
  // Behind the command and its arguments on the same line.
  const { end } = tokens[7]!;
  const newline = line.indexOf("\n", end);
  const at = newline === -1 ? line.length : newline;
  return `${line.slice(0, at)}\n  -o { ${name} = ${change("").trim()} }${line.slice(at)}`;
}

function learnOutbound(editor: Editor, setup: GreylagSetup): void {
  const config = parseConfigFiles(editor.files["main.cf"], editor.files["master.cf"]);
  const check = learningService(setup.listen[0]!);
  const services = config.services.filter(isSubmission);
  if (services.length === 0) editor.problems.push("master.cf has no submission service");
  for (const service of services) {
    if (learnsFrom(service, config, setup.listen)) continue;
    const list = service.overrides.has(RECIPIENT)
      ? RECIPIENT
      // The list of main.cf is for mail from other servers: the service gets a list that is unused so far.
      : SPARE_LISTS.find((name) => !effective(config, service).has(name));
    if (list === undefined || config.parameters.get("smtpd_delay_reject") === "no") {
      editor.problems.push(
        `${service.id} in master.cf was not changed: all of its restriction lists are in use. ` +
          `Put this before permit_sasl_authenticated: ${check}`,
      );
      continue;
    }
    editor.setOverride(service.id, list, (value) => prependCheck(value, check));
  }
}

/**
 * Makes Postfix call Greylag for each recipient.
 *
 * @param dead endpoints of policy services, as written, on which no program listens.
 * @param outbound makes the submission services call it as well, so that Greylag learns outbound domains.
 * @param named endpoint as written whose check Greylag's replaces.
 */
export function addGreylag(
  files: ConfigFiles,
  setup: GreylagSetup,
  dead: ReadonlySet<string>,
  outbound: boolean,
  named?: string,
): Edited {
  const editor = new Editor(files);
  const config = parseConfigFiles(files["main.cf"], files["master.cf"]);
  if (named !== undefined && !calledEndpoints(config).includes(named)) {
    const problem = `no policy service of main.cf or master.cf is written as ${named}`;
    return { files, changes: [], problems: [problem] };
  }
  const main = contextFor(config.parameters, setup.listen, dead, named);
  const [other] = otherGreylisters(config.parameters.get(RECIPIENT) ?? "", main);
  if (other !== undefined) {
    const problem =
      `${RECIPIENT} contains ${other.endpoint} (${
        greylisterAt(other.endpoint)
      }), which greylists already. ` +
      "Remove it first, or take over postgrey with --take-over-postgrey";
    return { files, changes: [], problems: [problem] };
  }
  editor.setParameter(RECIPIENT, (value) => repairList(value, main));
  const checkAtData = (value: string) =>
    ownServices(main.expand(value), main).length > 0
      ? value
      : prependCheck(value, recommended(setup.listen[0]!));
  if (setup.nullSenderAtData) editor.setParameter(DATA, checkAtData);
  for (const service of config.services.filter(receivesMail)) {
    const context = contextFor(effective(config, service), setup.listen, dead, named);
    if (service.overrides.has(RECIPIENT)) {
      editor.setOverride(service.id, RECIPIENT, (value) => repairList(value, context));
    }
    if (setup.nullSenderAtData && service.overrides.has(DATA)) {
      editor.setOverride(service.id, DATA, checkAtData);
    }
  }
  if (outbound && editor.problems.length === 0) learnOutbound(editor, setup);
  return { files: editor.files, changes: editor.changes, problems: editor.problems };
}

/** Undoes one change; undefined if its text is gone or occurs more than once. */
function undo(files: ConfigFiles, { file, before, after }: ConfigChange): ConfigFiles | undefined {
  const text = files[file];
  const at = text.indexOf(after);
  if (at === -1 || text.indexOf(after, at + 1) !== -1) return undefined;
  return { ...files, [file]: text.slice(0, at) + before + text.slice(at + after.length) };
}

/** Undoes recorded changes whose text is still there, the last first. */
export function undoChanges(files: ConfigFiles, changes: readonly ConfigChange[]): ConfigFiles {
  return changes.toReversed().reduce((now, change) => undo(now, change) ?? now, files);
}

/** Removes every remaining check of Greylag, also those added by hand. */
export function removeGreylag(files: ConfigFiles, setup: GreylagSetup): ConfigFiles {
  const editor = new Editor(files);
  const config = parseConfigFiles(files["main.cf"], files["master.cf"]);
  const context = contextFor(config.parameters, setup.listen, new Set());
  for (const [name, value] of config.parameters) {
    if (ownServices(value, context).length === 0) continue;
    editor.setParameter(name, (text) => withoutOwn(text, context));
  }
  for (const { id, overrides } of config.services) {
    for (const [name, value] of overrides) {
      if (ownServices(value, context).length === 0) continue;
      editor.setOverride(id, name, (text) => withoutOwn(text, context));
    }
  }
  return editor.files;
}

/** The lists that call Greylag, such as `main.cf: smtpd_recipient_restrictions`. */
export function callers(files: ConfigFiles, setup: GreylagSetup): string[] {
  const config = parseConfigFiles(files["main.cf"], files["master.cf"]);
  const context = contextFor(config.parameters, setup.listen, new Set());
  const callersIn = (parameters: Parameters) =>
    [...parameters].filter(([, value]) => ownServices(value, context).length > 0)
      .map(([name]) => name);
  return [
    ...callersIn(config.parameters).map((name) => `main.cf: ${name}`),
    ...config.services.flatMap(({ id, overrides }) =>
      callersIn(overrides).map((name) => `master.cf: ${name} of ${id}`)
    ),
  ];
}

export function describeChange({ file, before, after }: ConfigChange): string {
  const name = parameterName(after.trimStart()) ?? after.trimStart().split(/\s/)[0]!;
  const verb = before === "" ? "sets" : "changes";
  return `${verb} ${name} in ${file}`;
}
