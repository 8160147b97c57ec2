#!/usr/bin/env node
// The program's start: parses the command line, and turns what comes of it into messages and an exit status.
import { exitStatusOf, failureLines } from "./commands/failure.js";
import { note } from "./commands/output.js";
import { createProgram } from "./commands/program.js";

/**
 * A reader that has seen enough, as in `dualrate rank | head`, is no failure. A command that ends in order at a signal,
 * as one that trains must, is told so by one; it would be killed by SIGPIPE, if Node did not ignore that.
 */
function readerLeft(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  if (!process.emit("SIGTERM", "SIGTERM")) process.exit();
}

process.stdout.on("error", readerLeft);
process.stderr.on("error", readerLeft);

/** The results folder of the command that runs. */
let results: string | undefined;

function fail(error: unknown): void {
  note(...failureLines(error, results));
  process.exitCode = exitStatusOf(error);
}

// What was thrown where nobody waits for it.
process.on("uncaughtException", (error) => {
  fail(error);
  process.exit();
});

try {
  const setStatus = (status: number) => {
    process.exitCode = status;
  };
  const program = createProgram(setStatus, (folder) => {
    results = folder;
  });
  await program.parseAsync();
} catch (error) {
  fail(error);
}
