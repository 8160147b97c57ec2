// Searches that go by the trials' values, through the commands: planned, run, interrupted, and with configurations of one's own.
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);

beforeAll(async () => {
  tiny = await createTinySweep();
});
afterAll(() => tiny.dispose());

const search = {
  method: "bayes",
  parameters: {
    base_lr: { distribution: "log_uniform_values", min: 1e-5, max: 1e-2 },
    lr_ratio: { distribution: "log_uniform_values", min: 0.1, max: 1000 },
  },
  constraints: ["intro_lr <= 0.05"],
  enqueue: [{ lr_ratio: 1, base_lr: 1e-4 }],
};

interface Ranked {
  readonly number: number;
  readonly value: number;
  readonly parameters: Readonly<Record<"base_lr" | "lr_ratio" | "intro_lr", number>>;
}

async function trialsOf(study: string): Promise<readonly Ranked[]> {
  const ranked: readonly Ranked[] = JSON.parse((await dualrate("rank", study, "--json")).stdout);
  const told = ranked.map(({ number, value, parameters }) => ({ number, value, parameters }));
  return told.sort((a, b) => a.number - b.number);
}

test("plan says how a Bayesian search begins, and lists what is known ahead", async () => {
  tiny.write("plan.yaml", { ...search, name: "plan", run_cap: 30 });
  const { status, stdout } = await dualrate("plan", "plan.yaml");
  expect(status).toBe(0);
  expect(stdout).toContain("plan: 30 trials of 6 steps");
  expect(stdout).toContain("search      bayes, run_cap 30: base_lr");
  expect(stdout).toContain("first 1 enqueued configuration\n");
  expect(stdout).toContain("5 configurations spread over the space, then each where the ended trials promise most");
  expect(stdout).toContain("with intro_lr <= 0.05");
  expect(stdout).toContain("and 24 more");
});

test("a Bayesian search that was cut goes on as if it had not been, to the last digit", async () => {
  tiny.write("whole.yaml", { ...search, name: "whole", run_cap: 8 });
  expect((await dualrate("run", "whole.yaml", "--workers", "1")).status).toBe(0);
  tiny.write("cut.yaml", { ...search, name: "cut", run_cap: 7 });
  expect((await dualrate("run", "cut.yaml", "--workers", "1")).status).toBe(0);
  tiny.write("cut.yaml", { ...search, name: "cut", run_cap: 8 });
  expect((await dualrate("run", "cut.yaml", "--workers", "1")).status).toBe(0);
  const trials = await trialsOf("whole");
  expect(trials).toHaveLength(8);
  expect(trials[0]?.parameters).toMatchObject({ lr_ratio: 1, base_lr: 1e-4 });
  for (const { parameters } of trials) expect(parameters.intro_lr).toBeLessThanOrEqual(0.05);
  expect(await trialsOf("cut")).toEqual(trials);
});

test("--enqueue adds configurations to a study, each once, and takes none outside its space", async () => {
  const enqueue = ["--enqueue", "base_lr=2e-5,lr_ratio=50", "--enqueue", "lr_ratio=1, base_lr=1e-4"];
  expect((await dualrate("run", "cut.yaml", ...enqueue)).status).toBe(0);
  expect((await dualrate("run", "cut.yaml", ...enqueue)).stderr).toContain("cut has finished already");
  const trials = await trialsOf("cut");
  // Trial 1 was the other one.
  expect(trials).toHaveLength(9);
  expect(trials[8]?.parameters).toMatchObject({ lr_ratio: 50, base_lr: 2e-5 });
  const outside = await dualrate("run", "cut.yaml", "--enqueue", "base_lr=0.5,lr_ratio=50");
  expect([outside.status, outside.stderr]).toEqual([2, expect.stringContaining("base_lr cannot be 0.5")]);
  const forbidden = await dualrate("run", "cut.yaml", "--enqueue", "base_lr=1e-3,lr_ratio=500");
  expect([forbidden.status, forbidden.stderr]).toEqual([2, expect.stringContaining("does not meet")]);
});
