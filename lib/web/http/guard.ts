/**
 * The checks before every handler: host, origin, sign-in, CSRF token; and the security headers.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { secureHeaders } from "hono/secure-headers";
import { isSame } from "../../admin/secrets.ts";
import { isLocal } from "../../net/endpoint.ts";
import { isLoopback, parseAddress } from "../../net/network.ts";
import type { RecipientPages } from "../../notify/settings.ts";
import type { StatusService } from "../worker/status_service.ts";
import type { Access } from "./access.ts";
import { fieldsOf } from "./actions.ts";
import type { AppContext, Env } from "./context.tsx";
import { SESSION_COOKIE } from "./sessions.ts";

export interface Names {
  /** The names of the settings, in lower case. */
  readonly names: readonly string[];
  /** Whether the endpoint is reachable from other hosts; then any IP address is accepted. */
  readonly isOpen: boolean;
}

/** The host of a `Host` header (RFC 9110, 7.2) without its port, in lower case. */
function hostOf(header: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(header);
  return (bracketed?.[1] ?? header.replace(/:\d*$/, "")).toLowerCase().replace(/\.$/, "");
}

/**
 * Whether the `Host` header names this server. This prevents DNS rebinding: a foreign page can point
 * its own name, but not an IP address, to a server that only its visitor reaches.
 */
export function isKnownHost(header: string | null, { names, isOpen }: Names): boolean {
  if (header === null || header === "") return false;
  const host = hostOf(header);
  if (host === "localhost" || names.includes(host)) return true;
  const address = parseAddress(host);
  return address !== undefined && (isOpen || isLoopback(address));
}

/** The headers by which a browser tells the origin of a request. */
export interface Source {
  /** The `Host` header, already checked. */
  readonly host: string | null;
  /** The `Origin` header (RFC 6454). */
  readonly origin: string | null;
  /** The `Sec-Fetch-Site` header (W3C Fetch Metadata). */
  readonly fetchSite: string | null;
}

/**
 * Whether a request comes from a page of this server. The same site is not enough: another server on
 * this machine is the same site.
 */
export function isOwnOrigin(
  { host, origin, fetchSite }: Source,
  { names }: Pick<Names, "names">,
): boolean {
  if (fetchSite !== null && fetchSite !== "same-origin") return false;
  // A referrer policy makes browsers omit the origin or send `null`, but not Sec-Fetch-Site.
  if (origin === null || origin === "null") return fetchSite === "same-origin";
  const from = /^https?:\/\/([^/]+)$/.exec(origin)?.[1]?.toLowerCase();
  if (from === undefined) return false;
  return from === host?.toLowerCase() || names.includes(hostOf(from));
}

/** Everything from this origin, no frames, no referrer, no guessing of types, no cache. */
export function hardenAnswers(): readonly MiddlewareHandler[] {
  return [
    async (context, next) => {
      await next();
      const { headers } = context.res;
      if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    },
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        manifestSrc: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
      permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
      // TLS, and with it HSTS, is the reverse proxy's.
      strictTransportSecurity: false,
      xFrameOptions: "DENY",
    }),
  ];
}

/** The host under which recipients reach the page. */
function publicHost({ publicUrl }: RecipientPages): string | undefined {
  return publicUrl === "" ? undefined : hostOf(new URL(publicUrl).host);
}

/** Pages of one recipient. */
export function isOfRecipient(path: string): boolean {
  return path.startsWith("/my/");
}

/** The only paths under the public host name. */
export function isForRecipients(path: string): boolean {
  return path === "/help" || isOfRecipient(path);
}

/** Rejects requests for other host names. */
export function checkHost(service: StatusService): MiddlewareHandler<Env> {
  return async (context, next) => {
    const { names, endpoint, recipients } = service.settings;
    const host = context.req.header("host") ?? null;
    const isPublicHost = host !== null && hostOf(host) === publicHost(recipients);
    if (isPublicHost && isForRecipients(context.req.path)) return await next();
    if (!isKnownHost(host, { names, isOpen: !isLocal(endpoint) })) {
      return context.text("Unknown host name: add it to status_names.\n", 421);
    }
    await next();
  };
}

/** Responses of the guard to rejected requests. */
export interface Rejections {
  wrongToken(context: AppContext): Response;
  signInRequired(context: AppContext): Promise<Response>;
  forbidden(context: AppContext, why: string): Response;
}

export function isChange(context: AppContext): boolean {
  return !["GET", "HEAD", "OPTIONS"].includes(context.req.method);
}

async function hasCsrfToken(context: AppContext, expected: string): Promise<boolean> {
  const given = context.req.header("x-csrf-token") ?? (await fieldsOf(context))["csrf"];
  return given !== undefined && isSame(given, expected);
}

/** Forms that change nothing for a signed-in visitor. */
const NEEDS_NO_TOKEN = new Set(["/sign-in", "/help"]);

async function isForged(context: AppContext, service: StatusService): Promise<boolean> {
  const source = {
    host: context.req.header("host") ?? null,
    origin: context.req.header("origin") ?? null,
    fetchSite: context.req.header("sec-fetch-site") ?? null,
  };
  const { names, recipients } = service.settings;
  const host = publicHost(recipients);
  const isPublic = host !== undefined && isForRecipients(context.req.path);
  if (!isOwnOrigin(source, { names: isPublic ? [...names, host] : names })) return true;
  const visitor = context.get("visitor");
  const { path } = context.req;
  if (visitor.kind !== "administrator" || NEEDS_NO_TOKEN.has(path)) return false;
  // A form of a recipient has its link as a token.
  if (isOfRecipient(path)) return false;
  return !await hasCsrfToken(context, visitor.session.csrf);
}

/** Identifies the visitor and rejects requests without permission. */
export function checkAccess(
  service: StatusService,
  access: Access,
  isPublic: (path: string) => boolean,
  { wrongToken, signInRequired, forbidden }: Rejections,
): MiddlewareHandler<Env> {
  return async (context, next) => {
    const authorization = context.req.header("authorization");
    const visitor = access.visitor(getCookie(context, SESSION_COOKIE), authorization);
    if (visitor === "wrong-token") return wrongToken(context);
    context.set("visitor", visitor);
    const needsSignIn = isChange(context) || access.isPrivate;
    if (needsSignIn && visitor.kind === "anonymous" && !isPublic(context.req.path)) {
      return signInRequired(context);
    }
    if (!isChange(context)) return await next();
    if (visitor.kind === "program") {
      if (visitor.mayChange) return await next();
      return forbidden(context, "this token is read-only");
    }
    if (await isForged(context, service)) {
      return forbidden(
        context,
        "The request did not come from a page of this server, or the page is out of date. " +
          "Reload the page and try again.",
      );
    }
    await next();
  };
}
