import { assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);

interface Banned {
  readonly pattern: RegExp;
  /** The word to use. */
  readonly instead: string;
  /** Files that may use the word. */
  readonly except?: RegExp;
}

/** Words of an earlier language of this project, and constructions that read as translated. */
const BANNED: readonly Banned[] = [
  { pattern: /\bput(?:s|ting)? off\b|put_off|\bputOff/i, instead: "deferred" },
  { pattern: /\b(?:c[ao]mes?|coming) back\b|came_back|\bcameBack/i, instead: "retried" },
  { pattern: /\bpass(?:es|ed|ing)? at once\b|passed_at_once|passedAtOnce/i, instead: "undelayed" },
  { pattern: /\bproven\b|never-?prove/i, instead: "auto-whitelisted, always-greylist" },
  { pattern: /\bk(?:eep|ept)s? (?:its|their) word/i, instead: "retried reliably" },
  { pattern: /unsuspicious/i, instead: "low-suspicion, spf-pass" },
  { pattern: /\bsuspects\b|["'`]strangers["'`]/, instead: "suspicious, all" },
  { pattern: /max_?waiting/i, instead: "max_pending" },
  { pattern: /\bglance|["'`]usual["'`]/i, instead: "stats/today, baseline" },
  { pattern: /["'`/]expected["'`]\B/, instead: "exemptions" },
  { pattern: /likeness/i, instead: "legitimacy" },
  { pattern: /\bmoves["'`:]/, instead: "network_changes" },
  // A target of notices has topics, by the name that ntfy gives them.
  { pattern: /\btopics?\b/, instead: "match_on", except: /notify|notices/ },
  {
    pattern: /not_learnt|limit_closures|store_faults|dns_questions|not_kept\b/,
    instead: "the metric's name",
  },
  { pattern: /\bDesk\b|[.(]desk\b|\bdesk[:,)]/, instead: "status service" },
  { pattern: /\bcrowd(?:s|ed)?\b/i, instead: "pending limit" },
  { pattern: /\bvitals\b|\bgatherer\b/i, instead: "daemon status, evidence service" },
  { pattern: /\bweighs?\b/, instead: "score, apply_evidence" },
  { pattern: /\bWish\b|\bDEEDS\b|\bAsked\b|\bFrame\b/, instead: "PageQuery, ACTIONS, AppContext" },
  { pattern: /\bPATIENCE\b|\bSTANDARD\b|\bstandard:/, instead: "timeoutMs, DEFAULTS" },
  { pattern: /fallIll|#thrive|hide_?stored/i, instead: "markFailed, markHealthy, pseudonymise" },
  { pattern: /\b(?:is|are|was|were|falls?|be|an) ill\b|illness/, instead: "failed" },
  { pattern: /\bwhoever\b|\bwhom\b|\bof which\b/i, instead: "a noun" },
  { pattern: /(?:\*|\/\/|["'`(|]) ?So (?:many|much)\b/, instead: "maximum number of" },
  { pattern: /\brooms\b|\b(?:a|the|its|this) room\b/i, instead: "module, space" },
  { pattern: /\bfares?\b|\bfaring\b/i, instead: "status" },
];

const SCANNED = ["lib", "tests", "docs", "bench", "release", ".github", ".ci"];

const SKIPPED = /^tests\/glossary_test\.ts$|seeds\.json$/;

async function* filesBelow(path: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(path, root))) {
    if (isDirectory) yield* filesBelow(`${path}/${name}`);
    else if (/\.(?:tsx?|js|css|md|json|yml|service)$|^run$/.test(name)) yield `${path}/${name}`;
  }
}

async function allFiles(): Promise<string[]> {
  const files = ["deno.json", "install.sh", "main.ts"];
  for await (const { name, isFile } of Deno.readDir(root)) {
    if (isFile && name.endsWith(".md")) files.push(name);
  }
  for (const folder of SCANNED) {
    for await (const file of filesBelow(folder)) files.push(file);
  }
  return files.filter((file) => !SKIPPED.test(file)).sort();
}

Deno.test("names and texts use the words of the glossary", async () => {
  const found: string[] = [];
  for (const file of await allFiles()) {
    const named = BANNED.find(({ pattern }) => pattern.test(file));
    if (named !== undefined) found.push(`${file}: say ${named.instead}`);
    const lines = (await Deno.readTextFile(new URL(file, root))).split("\n");
    lines.forEach((line, at) => {
      for (const { pattern, instead, except } of BANNED) {
        if (except?.test(file)) continue;
        const word = pattern.exec(line)?.[0];
        if (word !== undefined) found.push(`${file}:${at + 1}: "${word}": say ${instead}`);
      }
    });
  }
  assertEquals(found, []);
});
