// How a failed command ends: what it says on standard error, and its exit status.
import { CommanderError } from "commander";
import { DualrateError } from "../errors.js";

/** The exit statuses, as `--help` documents them. */
export const EXIT_STATUS_HELP = `Exit status: 0 done, 1 failed, 2 wrong usage or input, 3 finished with failed trials (--strict),
129, 130 or 143 stopped by a signal (SIGHUP, Ctrl-C, SIGTERM).`;

/** Lines for standard error. Only a broken assumption of ours shows where it happened. */
export function failureLines(error: unknown): readonly string[] {
  // Commander has written its own message.
  if (error instanceof CommanderError) return [];
  if (!(error instanceof DualrateError) || error.code === "internal") return internalLines(error);
  const { message, place, hint } = error;
  const line = place?.line === undefined ? "" : `:${place.line}`;
  return [`error: ${message}`, ...(place ? [`  at ${place.file}${line}`] : []), ...(hint ? [`  hint: ${hint}`] : [])];
}

function internalLines(error: unknown): readonly string[] {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [`error: ${text}`, "  hint: This is a fault of dualrate's own; please report it with the lines above."];
}

export function exitStatusOf(error: unknown): number {
  if (error instanceof DualrateError) return error.exitCode;
  if (!(error instanceof CommanderError)) return 1;
  return error.exitCode === 0 ? 0 : 2;
}
