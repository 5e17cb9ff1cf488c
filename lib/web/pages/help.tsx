/**
 * The help page for senders of delayed mail. It is public and shows nothing of the other pages.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { formatDuration } from "../../text/duration.ts";
import { Head } from "../components/layout.tsx";
import { Text } from "../components/text.tsx";
import type { StatusSettings } from "../settings.ts";

const HTTPS_URL = /^https:\/\/[^\s"'<>]+$/;
const MAIL_ADDRESS = /^[^\s"'<>@,;:]+@[A-Za-z0-9.-]+$/;

function Contact({ of }: { of: string }): JSX.Element {
  if (HTTPS_URL.test(of)) return <a href={of} rel="noreferrer">{of}</a>;
  if (MAIL_ADDRESS.test(of)) return <a href={`mailto:${of}`}>{of}</a>;
  return <Text of={of} maxLength={300} />;
}

export function HelpPage({ settings }: { settings: StatusSettings }): JSX.Element {
  const { prefix, hostname, helpText, helpContact, rules } = settings;
  return (
    <html lang="en">
      <Head prefix={prefix} title={`My mail was delayed – ${hostname}`} scripts={false} />
      <body>
        <main class="help">
          <h1>My mail was delayed</h1>
          {helpText === "" ? "" : (
            <p>
              <Text of={helpText} maxLength={2000} />
            </p>
          )}
          <p>
            {`The mail server ${hostname} asks unknown senders to try again a little later `}
            {`(“Greylisted, please try again”, 450 4.7.1). Your message was not rejected: your mail `}
            {`server retries on its own, usually within minutes, and is known from then on. Most spam `}
            {`is never retried, so this keeps it out.`}
          </p>
          <h2>Your options</h2>
          <ul>
            <li>
              Usually, nothing to do. Your message is in the queue of your mail server, which
              delivers it with its next retry.
            </li>
            <li>
              {`If you run that server: it should retry after ${formatDuration(rules.delay)} or `}
              {`later, and within ${formatDuration(rules.retryWindow)}, with the same sender and `}
              {`recipient. A valid SPF record and matching forward and reverse DNS shorten the delay.`}
            </li>
            <li>
              If your message was returned as undeliverable, or is urgent, contact the recipient or
              the administrator in another way
              {helpContact === "" ? "." : ": "}
              {helpContact === "" ? "" : <Contact of={helpContact} />}
            </li>
          </ul>
        </main>
      </body>
    </html>
  );
}
