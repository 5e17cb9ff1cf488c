/**
 * The sign-in page.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { PageContext } from "../components/layout.tsx";
import type { Access } from "../http/access.ts";
import { answerPage, type AppContext, localPath, pageContextOf } from "../http/context.tsx";
import type { StatusService } from "../worker/status_service.ts";

function SignInForm(
  { page, then, error }: { page: PageContext; then: string; error: string | undefined },
): JSX.Element {
  return (
    <form method="post" action={`${page.prefix}/sign-in`} class="card form">
      <input type="hidden" name="then" value={then} />
      {error === undefined ? "" : <p class="notice error" role="alert" id="error">{error}</p>}
      {/* Password managers need a user name. */}
      <input
        type="text"
        name="username"
        value="greylag"
        autocomplete="username"
        class="visually-hidden"
        aria-hidden="true"
        tabindex={-1}
        readonly
      />
      <p class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          aria-describedby={error === undefined ? undefined : "error"}
        />
        <small>
          Set with <code>greylag passwd</code>.
        </small>
      </p>
      <p>
        <button type="submit" class="primary">Sign in</button>
      </p>
    </form>
  );
}

/** The form, or instructions to set a password if there is none. */
export function signInPage(
  context: AppContext,
  service: StatusService,
  access: Access,
  { then, error }: { readonly then: string; readonly error?: string },
  status: 200 | 401 | 429 = 200,
): Response {
  const page = { ...pageContextOf(context, service), path: "/sign-in", problems: [] };
  const content = access.isPasswordSet()
    ? <SignInForm page={page} then={localPath(then)} error={error} />
    : (
      <p class="empty">
        No password is set. Set one on the mail server: <code>greylag passwd</code>
      </p>
    );
  return answerPage(context, page, "Sign in", content, status);
}
