// A sweep whose workers' process crashes, as native code may make it, goes on; and the workers end with their coordinator.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const trainer = { max_steps: 500, eval_steps: 50, batch_size: 4, max_length: 16, introduced_mask_probability: 1 };
const parameters = { base_lr: { value: 1e-4 }, lr_ratio: { values: [0.5, 1, 2, 4, 8] } };

let tiny: TinySweep;
beforeAll(async () => {
  tiny = await createTinySweep();
  tiny.write("sweep.yaml", { trainer, parameters });
});
afterAll(() => tiny.dispose());

interface Crashing {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string }>;
}

/** Runs the sweep, and calls `progressed` with its standard error whenever that grows. */
function start(args: readonly string[], progressed: (child: ChildProcess, stderr: string) => void): Crashing {
  const child = spawn(process.execPath, [CLI, "run", "sweep.yaml", ...args], {
    cwd: tiny.folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (data) => {
    stderr += data;
    progressed(child, stderr);
  });
  return { child, ended: new Promise((resolve) => child.on("close", (status) => resolve({ status, stderr }))) };
}

/** Processes with this parent. */
function childrenOf(parent: number | undefined): readonly number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number) as [pid: number, ppid: number]);
  return pairs.filter(([, ppid]) => ppid === parent).map(([pid]) => pid);
}

const ranking = async (results: string) =>
  JSON.parse((await runDualrate(["rank", "--json", "--results", results], tiny.folder)).stdout).map(
    ({ number, value }: { number: number; value: number }) => [number, value],
  );

test("a crash with two trials running costs no trial, and changes no result", async () => {
  await runDualrate(["run", "sweep.yaml", "--results", "whole"], tiny.folder);
  const crashed = new Set<number>();
  const { ended } = start(["--results", "crashed", "--workers", "2"], (child, stderr) => {
    if (crashed.size > 0 || !stderr.includes("#2 started")) return;
    for (const pid of childrenOf(child.pid)) {
      crashed.add(pid);
      process.kill(pid, "SIGSEGV");
    }
  });
  const { status } = await ended;
  expect([status, crashed.size]).toEqual([0, 1]);
  const { stdout } = await runDualrate(["log", "--kind", "warning", "--results", "crashed"], tiny.folder);
  expect(stdout).toMatch(/trial [12] lost its process, SIGSEGV; the 2 trials that ran in it are run again one by one/);
  expect(await ranking("crashed")).toEqual(await ranking("whole"));
});

test("the workers' process ends with a coordinator that is killed", async () => {
  let workers: readonly number[] = [];
  const { ended } = start(["--results", "killed", "--workers", "1"], (child, stderr) => {
    if (workers.length > 0 || !stderr.includes("#1 started")) return;
    workers = childrenOf(child.pid);
    child.kill("SIGKILL");
  });
  await ended;
  expect(workers).toHaveLength(1);
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(() => workers.filter(isAlive), { timeout: 2000 }).toEqual([]);
});
