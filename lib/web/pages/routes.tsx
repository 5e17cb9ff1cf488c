/**
 * Routes of the pages.
 *
 * @module
 */
import type { PageContext } from "../components/layout.tsx";
import type { Access } from "../http/access.ts";
import { type App, type AppContext, pageContextOf } from "../http/context.tsx";
import { parametersOf } from "../http/page_query.ts";
import type { StatusService } from "../worker/status_service.ts";
import { type Health, healthOf, problemsOf } from "../worker/health.ts";
import { confirmPage } from "./confirm.tsx";
import { exportDecisions } from "./export.ts";
import { healthPage } from "./health.tsx";
import { serveHelp } from "./help.tsx";
import { LISTING_PATHS, listingPage } from "./listings.tsx";
import { editEntryPage, listsPage, newEntryPage } from "./lists.tsx";
import { messagePage } from "./message.tsx";
import { serveMy } from "./my_routes.tsx";
import { overviewPage } from "./overview.tsx";
import { searchPage } from "./search.tsx";
import { signInPage } from "./sign_in.tsx";
import { subjectPage } from "./subject.tsx";
import { topPage } from "./top.tsx";

type ShowPage = (
  context: AppContext,
  service: StatusService,
  page: PageContext,
  health: Health,
) => Response | Promise<Response>;

/**
 * Adds the pages behind the guard.
 *
 * @param elapsed a monotonic clock in milliseconds.
 */
export function servePages(
  app: App,
  service: StatusService,
  access: Access,
  elapsed: () => number,
): void {
  const addPage = (path: string, show: ShowPage) =>
    app.get(path, async (context) => {
      const health = await healthOf(service, { writeTest: path === "/health" });
      service.problems = problemsOf(health, service.now);
      return show(context, service, pageContextOf(context, service), health);
    });
  addPage("/", overviewPage);
  addPage("/search", searchPage);
  for (const path of LISTING_PATHS) {
    addPage(path, (context, service, page) => listingPage(context, service, page, path));
  }
  addPage("/confirm", confirmPage);
  addPage("/lists", listsPage);
  addPage("/lists/new", newEntryPage);
  addPage("/lists/:id{[0-9]{1,15}}", editEntryPage);
  addPage("/health", healthPage);
  addPage("/top", topPage);
  for (const path of ["/messages", "/decisions"] as const) {
    addPage(
      `${path}/:id{[0-9]{1,15}}`,
      (context, service, page) => messagePage(context, service, page, path),
    );
  }
  for (const kind of ["senders", "clients", "recipients"] as const) {
    addPage(`/${kind}`, (context, service, page) => subjectPage(context, service, page, kind));
  }
  for (const form of ["csv", "json"] as const) {
    app.get(`/decisions.${form}`, (context) => exportDecisions(context, service, form));
  }
  app.get("/sign-in", (context) => {
    const { then } = parametersOf(context);
    return signInPage(context, service, access, { then });
  });
  serveHelp(app, service, elapsed);
  serveMy(app, service, elapsed);
}
