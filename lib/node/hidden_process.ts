/**
 * Hides the global `process` while the modules that are imported after this one are loaded.
 *
 * @module
 */
import { hideProcess } from "./builtin.ts";

hideProcess();
