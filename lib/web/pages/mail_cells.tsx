/**
 * The cells of rows about mail. Every value leads to its own page.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { PageContext } from "../components/layout.tsx";
import { Address, Client, Sender } from "../components/text.tsx";

/** The envelope and client of a decision or a deferral; hostile texts. */
export interface MailRow {
  readonly sender: string;
  readonly senderDomain: string;
  readonly recipient: string;
  readonly clientAddress: string;
  readonly clientName: string;
  readonly network: string;
}

/** The paths of the pages about a sender domain, client network or recipient. */
export type SubjectKind = "senders" | "clients" | "recipients";

export function subjectPath(kind: SubjectKind, value: string): string {
  return `/${kind}?of=${encodeURIComponent(value === "" ? "<>" : value)}`;
}

export function SenderLink({ page, of }: { page: PageContext; of: MailRow }): JSX.Element {
  return (
    <a href={page.prefix + subjectPath("senders", of.senderDomain)}>
      <Sender of={of.sender} />
    </a>
  );
}

export function RecipientLink({ page, of }: { page: PageContext; of: MailRow }): JSX.Element {
  return (
    <a href={page.prefix + subjectPath("recipients", of.recipient)}>
      <Address of={of.recipient} />
    </a>
  );
}

export function ClientLink({ page, of }: { page: PageContext; of: MailRow }): JSX.Element {
  return (
    <a href={page.prefix + subjectPath("clients", of.network)}>
      <Client of={of} />
    </a>
  );
}

/** Sender and recipient on two lines. */
export function Envelope({ page, of }: { page: PageContext; of: MailRow }): JSX.Element {
  return (
    <div class="lines">
      <span>
        <SenderLink page={page} of={of} />
      </span>
      <span class="muted">
        <span aria-hidden="true">→</span> <span class="visually-hidden">to</span>
        <RecipientLink page={page} of={of} />
      </span>
    </div>
  );
}

/** The name of a sender in labels of buttons. */
export function nameOf({ sender }: Pick<MailRow, "sender">): string {
  return sender === "" ? "the null sender" : sender;
}

/** Links to the entry form with the sender and client of a message. */
export function EntryLinks(
  { page, source, of }: { page: PageContext; source: string; of: Pick<MailRow, "sender"> },
): JSX.Element {
  const path = `${page.prefix}/lists/new?${source}&list=`;
  const name = nameOf(of);
  return (
    <>
      <a class="button" href={`${path}allow`} aria-label={`Allow … ${name}`}>Allow …</a>
      <a class="button" href={`${path}block`} aria-label={`Block … ${name}`}>Block …</a>
    </>
  );
}
