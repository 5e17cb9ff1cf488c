/**
 * The page that asks for confirmation of an action whose visitor was signed out when he clicked.
 *
 * @module
 */
import { type PageContext, PostFields } from "../components/layout.tsx";
import { Text } from "../components/text.tsx";
import { questionOf } from "../http/actions.ts";
import { answerPage, type AppContext, localPath } from "../http/context.tsx";
import { RefusedError } from "../worker/status_queries.ts";
import type { StatusService } from "../worker/status_service.ts";

export function confirmPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
): Response {
  const { prefix, visitor } = page;
  if (visitor.kind !== "administrator") {
    return context.redirect(`${prefix}/sign-in?then=${encodeURIComponent(page.path)}`, 303);
  }
  // Another site may have made the link: a broad entry needs the preview and its own confirmation.
  const { action = "", then: given, confirmed: _, ...fields } = context.req.query();
  const question = questionOf(service, action, fields);
  if (question === undefined) throw new RefusedError(404, "there is no such action");
  const then = localPath(given);
  const content = (
    <form method="post" action={prefix + action} class="card form">
      <p class="status">
        <Text of={question} maxLength={300} />
      </p>
      <PostFields page={{ ...page, path: then }} fields={fields} />
      <div class="buttons start">
        <button type="submit" class="primary">Confirm</button>
        <a class="button" href={prefix + then}>Cancel</a>
      </div>
    </form>
  );
  return answerPage(context, page, "Please confirm", content);
}
