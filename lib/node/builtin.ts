/**
 * Modules of Node, loaded when they are first used: a static import of `node:fs` or `node:crypto` costs
 * the start 20 to 40 ms. `node:sqlite` costs 2 ms and is imported.
 *
 * @module
 */
import type process from "node:process";

interface Modules {
  readonly "node:buffer": typeof import("node:buffer");
  readonly "node:crypto": typeof import("node:crypto");
  readonly "node:dgram": typeof import("node:dgram");
  readonly "node:fs": typeof import("node:fs");
  readonly "node:http": typeof import("node:http");
  readonly "node:stream": typeof import("node:stream");
  readonly "node:tls": typeof import("node:tls");
  readonly "node:zlib": typeof import("node:zlib");
}

/** Deno loads half of Node when the global `process` is first read. */
const descriptor = Object.getOwnPropertyDescriptor(globalThis, "process")!;

function loadProcess(): typeof process {
  return descriptor.get === undefined ? descriptor.value : descriptor.get.call(globalThis);
}

export function builtin<Name extends keyof Modules>(name: Name): Modules[Name] {
  // Deno's streams read it while they run.
  if (!("process" in globalThis)) Object.defineProperty(globalThis, "process", descriptor);
  return loadProcess().getBuiltinModule(name) as Modules[Name];
}

/** Hides the global `process` from packages that look for it when they are loaded. */
export function hideProcess(): void {
  Reflect.deleteProperty(globalThis, "process");
}
