// What the engines do on this machine, found out in a process of its own.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compiledModule } from "./compiled.js";

export interface Outcome {
  readonly works: boolean;
  /** What it does, or why it does not. */
  readonly message: string;
}

export interface EngineFacts {
  readonly onnx: Outcome;
  readonly simd: Outcome;
  readonly tensorflow: Outcome;
}

const LIMIT = 60_000; // milliseconds

/** Never rejects: a process that crashes or hangs is a fact too. */
export function probeEngines(file = compiledModule("engine-probe.js"), limit = LIMIT): Promise<EngineFacts> {
  const child = spawn(process.execPath, [fileURLToPath(file)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limit,
    killSignal: "SIGKILL",
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(nothingWorks(error.message)));
    child.on("close", (status, signal) => {
      resolve(printed(stdout) ?? nothingWorks(endText(status, signal, stderr, limit)));
    });
  });
}

function printed(stdout: string): EngineFacts | undefined {
  try {
    return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as EngineFacts;
  } catch {
    return undefined;
  }
}

function endText(status: number | null, signal: NodeJS.Signals | null, stderr: string, limit: number): string {
  const how =
    signal === null
      ? `status ${status}`
      : signal === "SIGKILL"
        ? `SIGKILL, after at most ${limit / 1000} seconds`
        : signal;
  const last = stderr.trimEnd().split("\n").at(-1);
  return `the process that tried it ended with ${how}${last ? `: ${last}` : ""}`;
}

function nothingWorks(message: string): EngineFacts {
  const outcome = { works: false, message };
  return { onnx: outcome, simd: outcome, tensorflow: outcome };
}
