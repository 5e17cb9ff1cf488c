/**
 * The page to sign in.
 *
 * @module
 */
import type { Html } from "../components/html.ts";
import type { PageContext } from "../components/layout.tsx";

/** The form to sign in, or how to set a password. */
export function SignInForm(
  { frame, then, hasPassword, problem }: {
    frame: PageContext;
    then: string;
    hasPassword: boolean;
    problem: string | undefined;
  },
): Html {
  if (!hasPassword) {
    return (
      <p class="empty">
        No password is set yet. Set one on the mail server: <code>greylag passwd</code>
      </p>
    );
  }
  return (
    <form method="post" action={`${frame.prefix}/sign-in`} class="sheet">
      <input type="hidden" name="then" value={then} />
      {problem === undefined ? "" : <p class="notice bad" role="alert" id="problem">{problem}</p>}
      {/* For password managers, which want a name. */}
      <input
        type="text"
        name="username"
        value="greylag"
        autocomplete="username"
        class="hidden"
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
          aria-describedby={problem === undefined ? undefined : "problem"}
        />
        <small>
          The one that <code>greylag passwd</code> set.
        </small>
      </p>
      <p>
        <button type="submit">Sign in</button>
      </p>
    </form>
  );
}
