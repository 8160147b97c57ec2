// How a failed command ends: what it says on standard error, and its exit status.
import { CommanderError } from "commander";
import { DualrateError } from "../errors.js";
import { logError, withoutSecrets } from "./error-log.js";

/** The exit statuses, as `--help` documents them. */
export const EXIT_STATUS_HELP = `Exit status: 0 done, 1 failed, 2 wrong usage or input, 3 finished with failed trials (--strict),
129, 130 or 143 stopped by a signal (SIGHUP, Ctrl-C, SIGTERM).`;

/** Lines for standard error. Where a broken assumption of ours happened goes to a log, in the folder `results` if it is there. */
export function failureLines(error: unknown, results?: string): readonly string[] {
  // Commander has written its own message.
  if (error instanceof CommanderError) return [];
  if (!(error instanceof DualrateError) || error.code === "internal") return internalLines(error, results);
  const { message, place, hint } = error;
  const line = place?.line === undefined ? "" : `:${place.line}`;
  return [`error: ${message}`, ...(place ? [`  at ${place.file}${line}`] : []), ...(hint ? [`  hint: ${hint}`] : [])];
}

function internalLines(error: unknown, results: string | undefined): readonly string[] {
  const stack = withoutSecrets(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const file = logError(error, results);
  if (file === undefined) {
    return [`error: ${stack}`, "  hint: This is a fault of dualrate's own; please report it with the lines above."];
  }
  // An error that came from a worker has its stack for a message.
  const [first = ""] = withoutSecrets(error instanceof Error ? error.message : String(error)).split("\n");
  const name = error instanceof Error && !(error instanceof DualrateError) ? `${error.name}: ` : "";
  return [
    `error: ${name}${first}`,
    `  hint: This is a fault of dualrate's own; please report it with its stack, which is at the end of ${file}`,
  ];
}

export function exitStatusOf(error: unknown): number {
  if (error instanceof DualrateError) return error.exitCode;
  if (!(error instanceof CommanderError)) return 1;
  return error.exitCode === 0 ? 0 : 2;
}
