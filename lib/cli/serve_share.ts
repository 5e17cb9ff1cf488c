/**
 * Sharing with other sites, as `serve` sets it up.
 *
 * @module
 */
import { daemonSettings, shareSettings } from "../config/module_settings.ts";
import type { Values } from "../config/settings.ts";
import type { Events } from "../daemon/events.ts";
import type { Daemon, DaemonSettings } from "../daemon/lifecycle.ts";
import type { PageShare, ShareSettings } from "../share/settings.ts";
import { ShareThread } from "../share/share_thread.ts";
import { messageOf } from "../text/error_message.ts";

/** The settings of the daemon, and how it shares; an unreadable secret stops no mail. */
export function withSharing(
  values: Values,
  events: Events,
): { readonly settings: DaemonSettings; readonly shareWith: ShareSettings | undefined } {
  const settings = daemonSettings(values);
  try {
    const shareWith = shareSettings(values);
    const as = shareWith && { name: shareWith.name, forgetKey: shareWith.secret.forgetKey };
    return { settings: { ...settings, store: { ...settings.store, share: { as } } }, shareWith };
  } catch (error) {
    events.publish({ kind: "share-failed", why: messageOf(error) });
    return { settings, shareWith: undefined };
  }
}

export function startSharing(
  settings: ShareSettings | undefined,
  { store }: Daemon,
  events: Events,
): ShareThread | undefined {
  if (settings === undefined) return undefined;
  return new ShareThread(settings, store.share, {
    reached: (site) => events.publish({ kind: "site-reached", site }),
    failed: (site, why) => events.publish({ kind: "site-failed", site, why }),
    bug: (error) => events.publish({ kind: "bug", error }),
  });
}

/** The part of the settings with which the page serves changes. */
export function pageShareOf({ name, secret, agreement }: ShareSettings): PageShare {
  return { name, token: secret.token, agreement };
}
