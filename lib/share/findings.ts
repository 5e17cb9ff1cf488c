import type { Finding } from "../postfix/postconf.ts";
import { formatDuration, SECOND } from "../text/duration.ts";
import { disagreements } from "./judge_site.ts";
import { isDatabase } from "./peer_id.ts";
import type { Agreement } from "./settings.ts";
import { lagOf, MAX_LAG, MAX_SKEW, type ShareStatus, siteName, type SiteState } from "./status.ts";

/** Faults of sharing with their remedies. Texts may be hostile. */
export function shareFindings(
  { started, sites }: Pick<ShareStatus, "started" | "sites">,
  agreement: Agreement,
  now: number,
): Finding[] {
  return sites.flatMap((site) => findingsOf(site, started, agreement, now));
}

function warning(what: string, remedy: string): Finding {
  return { severity: "warning", what, remedy };
}

function findingsOf(
  site: SiteState,
  started: number,
  agreement: Agreement,
  now: number,
): Finding[] {
  const name = siteName(site);
  const { error, isRefused, skew = 0, header } = site;
  if (isRefused === true) {
    return [warning(`changes of ${name} are not merged: ${error}`, "Mail is not affected.")];
  }
  const findings: Finding[] = [];
  const lag = lagFound(site, started, now);
  if (lag > MAX_LAG) {
    const why = error === undefined ? "" : `: ${error}`;
    findings.push(warning(
      `changes of ${name} are ${formatDuration(Math.round(lag / SECOND) * SECOND)} behind${why}`,
      "This site decides alone until then. A site that has left: greylag sites remove NAME, or " +
        "remove its URL from share.",
    ));
  }
  if (Math.abs(skew) > MAX_SKEW) {
    const seconds = Math.round(Math.abs(skew) / SECOND);
    findings.push(warning(
      `the clock of ${name} is ${seconds} s ${skew > 0 ? "ahead of" : "behind"} this one`,
      "Run NTP on both: waits are counted from the first attempt at any site.",
    ));
  }
  const different = header === undefined ? [] : disagreements(agreement, header.agreement);
  if (different.length > 0) {
    findings.push(warning(
      `settings of ${name} differ: ${different.join(", ")} there`,
      "Set them alike at all sites; until then their records differ.",
    ));
  }
  return findings;
}

/** The database between the sites is behind only while it does not answer. */
function lagFound(site: SiteState, started: number, now: number): number {
  if (!isDatabase(site.id)) return lagOf(site, started, now);
  return site.error === undefined ? 0 : now - (site.contact ?? started);
}
