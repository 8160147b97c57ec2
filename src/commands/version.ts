// The program's own version.
import { createRequire } from "node:module";

export function readVersion(): string {
  return createRequire(import.meta.url)("../../package.json").version;
}
