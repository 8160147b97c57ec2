// A configuration as JSON, which is YAML too: `train` reads it as it is.
import type { ExportedConfiguration } from "./configuration.js";

export function toJson(configuration: ExportedConfiguration): string {
  return `${JSON.stringify(configuration, null, 2)}\n`;
}
