/**
 * The page for people whose mail was delayed: the only one that is meant for strangers, so it shows
 * nothing of the others.
 *
 * @module
 */
import type { Html } from "../components/html.ts";
import { formatDuration } from "../../text/duration.ts";
import type { StatusSettings } from "../settings.ts";
import { Text } from "../components/text.tsx";

/** What an address that can be followed begins with. */
const WEB = /^https:\/\/[^\s"'<>]+$/;
const MAILBOX = /^[^\s"'<>@,;:]+@[A-Za-z0-9.-]+$/;

function Contact({ of }: { of: string }): Html {
  if (WEB.test(of)) return <a href={of} rel="noreferrer">{of}</a>;
  if (MAILBOX.test(of)) return <a href={`mailto:${of}`}>{of}</a>;
  return <Text of={of} most={300} />;
}

/** The page. */
export function HelpPage({ settings }: { settings: StatusSettings }): Html {
  const { prefix, hostname, helpText, helpContact, rules } = settings;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>{`My mail was delayed – ${hostname}`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href={`${prefix}/icon.svg`} type="image/svg+xml" />
        <link rel="stylesheet" href={`${prefix}/style.css`} />
      </head>
      <body>
        <main class="letter">
          <h1>My mail was delayed</h1>
          {helpText === "" ? "" : (
            <p>
              <Text of={helpText} most={2000} />
            </p>
          )}
          <p>
            {`The mail server ${hostname} asks senders that it does not know yet to try again a little `}
            {`later (“Greylisted, please try again”, 450 4.7.1). This is not a refusal: your mail server `}
            {`tries again by itself, usually within minutes, and is known from then on. It keeps most spam `}
            {`out, whose senders do not try again.`}
          </p>
          <h2>What you can do</h2>
          <ul>
            <li>
              Nothing, most of the time. Your message waits in the queue of your own mail server,
              and is delivered when that tries again.
            </li>
            <li>
              {`If you run that server: it should try again after ${
                formatDuration(rules.delay)
              } or later, `}
              {`and within ${
                formatDuration(rules.retryWindow)
              }, with the same sender and recipient. A valid `}
              {`SPF record, and a host name that resolves both ways, make it known sooner.`}
            </li>
            <li>
              If your message came back to you as undeliverable, or it is urgent, reach the person
              or the administrator here in another way
              {helpContact === "" ? "." : ": "}
              {helpContact === "" ? "" : <Contact of={helpContact} />}
            </li>
          </ul>
        </main>
      </body>
    </html>
  );
}
