/**
 * What components are made of and make: pieces of a page, in which every text is escaped.
 *
 * @module
 */
import type { Fragment } from "hono/jsx";

/**
 * What a component makes.
 *
 * @internal it is made of types of the JSX library
 */
export type Html = ReturnType<typeof Fragment> | Promise<ReturnType<typeof Fragment>>;

/**
 * What can stand within an element.
 *
 * @internal it is made of types of the JSX library
 */
export type Content = NonNullable<Parameters<typeof Fragment>[0]["children"]>;
