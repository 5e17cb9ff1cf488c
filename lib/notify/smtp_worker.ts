/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * Thread that sends one mail: nodemailer would take 15 MB of the daemon's memory from the start.
 *
 * @module
 */
import { createTransport } from "nodemailer";
import { messageOf } from "../text/error_message.ts";
import type { SmtpJob } from "./mail.ts";

self.onmessage = async ({ data: { server, mail } }: MessageEvent<SmtpJob>) => {
  const transport = createTransport(server);
  let why: string | null = null;
  try {
    await (mail === undefined ? transport.verify() : transport.sendMail(mail));
  } catch (error) {
    why = messageOf(error);
  } finally {
    transport.close();
  }
  self.postMessage(why);
};
