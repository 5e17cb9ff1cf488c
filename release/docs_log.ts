/** The rows of `docs/log.md` that the program has no table of. */

/** The fields of a decision's line, and of a JSON line. */
export const LOG_FIELDS: Readonly<Record<string, string>> = {
  action: "`pass`, `greylist` or `reject`.",
  reason: "Reason of the decision; see above.",
  delay: "Seconds between the first attempt and the accepted retry.",
  client_name: "Verified name of the client; `unknown` without one.",
  client_address: "Address of the client.",
  sender: "Envelope sender; `<>` for the null sender.",
  recipient: "Envelope recipient.",
  wait: "Seconds left until a retry is accepted.",
  origin: "Origin that matched, such as `net:192.0.2.0/24` or `org:example.org`.",
  by: "List entry that decided.",
  shadow: 'Action that `mode = "shadow"` did not carry out.',
  queue_id: "Queue ID in Postfix, where it is known.",
  time: "JSON only: time of the event.",
  level: "JSON only: `error`, `warning`, `info` or `debug`.",
  event: "JSON only: kind of the event; `decision` for a decision.",
  message: "JSON only: text of an event other than a decision.",
};
