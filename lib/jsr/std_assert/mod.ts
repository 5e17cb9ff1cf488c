/**
 * A stand-in for the part of `@std/assert` that this project uses, for machines that cannot reach
 * JSR. Every function has the published name and signature; the work is done by `node:assert`.
 *
 * @module
 */
import nodeAssert from "node:assert/strict";

/** The error that a failed assertion throws. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

export type AnyConstructor<T = unknown> = abstract new (...args: never[]) => T;

function suffix(msg: string | undefined): string {
  return msg === undefined || msg === "" ? "." : `: ${msg}`;
}

function restate(check: () => void, msg?: string): void {
  try {
    check();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AssertionError(msg === undefined ? why : `${msg}: ${why}`);
  }
}

/** Throws unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Throws unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is false {
  if (expr) throw new AssertionError(msg);
}

/** Throws always; for code that must not be reached. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Throws unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  restate(() => nodeAssert.deepStrictEqual(actual, expected), msg);
}

/** Throws if both are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  restate(() => nodeAssert.notDeepStrictEqual(actual, expected), msg);
}

/** Throws unless both are the same value or the same object. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  restate(() => nodeAssert.strictEqual(actual, expected), msg);
}

/** Throws if the value is null or undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw new AssertionError(
      `Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`,
    );
  }
}

/** Throws unless the text matches the pattern. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(`Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`);
}

/** Throws if the text matches the pattern. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not match: "${expected}"${suffix(msg)}`,
  );
}

/** Throws unless the text contains the other. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(
      `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
    );
  }
}

function assertIsError<E extends Error>(
  error: unknown,
  errorClass: AnyConstructor<E>,
  msgIncludes: string | undefined,
  msg: string | undefined,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(`A non-Error object was thrown${suffix(msg)}`);
  }
  if (!(error instanceof errorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${errorClass.name}", but was "${error.constructor.name}"` +
        suffix(msg),
    );
  }
  if (msgIncludes !== undefined && !error.message.includes(msgIncludes)) {
    throw new AssertionError(
      `Expected error message to include "${msgIncludes}", but got "${error.message}"${
        suffix(msg)
      }`,
    );
  }
}

type ErrorClass<E extends Error> = AnyConstructor<E> | string | undefined;

/** Checks what was thrown: only a class says that it must be an error. */
function checkThrown<E extends Error>(
  thrown: unknown,
  classOrMsg: ErrorClass<E>,
  msgIncludes: string | undefined,
  msg: string | undefined,
): void {
  if (typeof classOrMsg === "function") assertIsError(thrown, classOrMsg, msgIncludes, msg);
}

/** Runs `fn` and returns what it threw; throws if it threw nothing, or something else. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const about = typeof classOrMsg === "string" ? classOrMsg : msg;
  try {
    fn();
  } catch (error) {
    checkThrown(error, classOrMsg, msgIncludes, msg);
    return error;
  }
  throw new AssertionError(`Expected function to throw${suffix(about)}`);
}

/** Awaits `fn` and returns what it rejected with; rejects if it did not, or with something else. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const about = typeof classOrMsg === "string" ? classOrMsg : msg;
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError(`Function throws when expected to reject${suffix(about)}`, {
      cause: error,
    });
  }
  if (!(promise instanceof Object && "then" in promise)) {
    throw new AssertionError(`Function throws when expected to reject${suffix(about)}`);
  }
  try {
    await promise;
  } catch (error) {
    checkThrown(error, classOrMsg, msgIncludes, msg);
    return error;
  }
  throw new AssertionError(`Expected function to reject${suffix(about)}`);
}
