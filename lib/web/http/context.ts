/**
 * The types of the application, as its handlers see them.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Visitor } from "./access.ts";

/** What the handlers know of each request. */
export interface Env {
  /** From the listener: where the request comes from. */
  Bindings: { readonly address: string };
  /** From the guard: who asks. */
  Variables: { visitor: Visitor };
}

/**
 * The application.
 *
 * @internal it is made of types of the router
 */
export type App = InstanceType<typeof Hono<Env>>;

/** A request, and what is needed to answer it. */
export type AppContext = Parameters<Parameters<App["notFound"]>[0]>[0];
