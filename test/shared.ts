// Where the real model, the real data and the reference values lie, on machines that have them beside the checkout.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../shared", import.meta.url));

/** Absolute path of ../shared (from the repository's root), or undefined where it is absent. */
export const shared: string | undefined = existsSync(folder) ? folder : undefined;

/** A test's name, with the reason where it will be skipped: `test.skipIf(!shared)(needsShared("..."), ...)`. */
export function needsShared(name: string): string {
  return shared ? name : `${name} (skipped: ../shared is absent)`;
}
