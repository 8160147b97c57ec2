// Trials that are stopped early and studies that spend their budget, through the commands, with real training.
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);

beforeAll(async () => {
  tiny = await createTinySweep();
});
afterAll(() => tiny.dispose());

/** Some of these are worse than those before them. */
const ratios = {
  parameters: { base_lr: { value: 1e-3 }, lr_ratio: { values: [10, 1, 100, 0.01, 3] }, warmup_ratio: { value: 0 } },
};
const pruned = { ...ratios, early_terminate: { type: "asha", min_iter: 1, eta: 2 } };

interface Ranked {
  readonly number: number;
  readonly state: string;
  readonly value: number | null;
  readonly reason: string | null;
}

async function trialsOf(study: string): Promise<readonly Ranked[]> {
  const ranked: readonly Ranked[] = JSON.parse((await dualrate("rank", study, "--json")).stdout);
  const told = ranked.map(({ number, state, value, reason }) => ({ number, state, value, reason }));
  return told.sort((a, b) => a.number - b.number);
}

test("a pruned sweep stops trials with a reason, and trains the others to the same values", async () => {
  tiny.write("whole.yaml", { ...ratios, name: "whole" });
  tiny.write("pruned.yaml", { ...pruned, name: "pruned" });
  expect((await dualrate("run", "whole.yaml", "--workers", "1")).status).toBe(0);
  const { status, stdout, stderr } = await dualrate("run", "pruned.yaml", "--workers", "1", "--plain");
  expect([status, stderr]).toEqual([0, expect.stringContaining("pruned at step 2: rung 1 of 2: loss ")]);
  expect(stdout).toMatch(/\d pruned/);
  const [whole, cut] = [await trialsOf("whole"), await trialsOf("pruned")];
  const ended = cut.filter(({ state }) => state === "pruned");
  expect(ended.length).toBeGreaterThan(0);
  for (const { reason } of ended) expect(reason).toMatch(/^stopped at step [24]: rung [12] of 2: loss .* is rank/);
  const complete = cut.filter(({ state }) => state === "complete");
  expect(complete.length).toBeGreaterThan(0);
  for (const trial of complete) expect(trial).toEqual(whole[trial.number - 1]);
});

test("plan says what ends a trial or the study, and where no rung would ever come", async () => {
  tiny.write("plan.yaml", { ...pruned, name: "plan", budget: { minutes: 2.5, steps: 100 } });
  const { stdout } = await dualrate("plan", "plan.yaml");
  expect(stdout).toContain("stopping    asha, judged at 33.3 %, 66.7 % of a trial's steps\n");
  expect(stdout).toContain("budget      no trial begins after 2.5 minutes or 100 steps of all trials\n");
  tiny.write("late.yaml", { ...pruned, name: "late", early_terminate: { type: "asha", min_iter: 3 } });
  for (const command of ["plan", "run"]) {
    const { status, stderr } = await dualrate(command, "late.yaml");
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/early_terminate would stop no trial[^]*late\.yaml:\d+/),
    ]);
  }
});

test("a spent budget ends the run with status 0, and a larger one goes on", async () => {
  tiny.write("budget.yaml", { ...ratios, name: "budget", budget: { steps: 10 } });
  const { status, stderr } = await dualrate("run", "budget.yaml", "--workers", "1");
  expect([status, stderr]).toEqual([
    0,
    expect.stringContaining("the budget of 10 steps is spent (12): 2 trials have ended"),
  ]);
  expect(await trialsOf("budget")).toHaveLength(2);
  tiny.write("budget.yaml", { ...ratios, name: "budget", budget: { steps: 10_000 } });
  expect((await dualrate("run", "budget.yaml", "--workers", "1")).status).toBe(0);
  const whole = await trialsOf("whole");
  expect(await trialsOf("budget")).toEqual(whole);
});

test("a random search with a budget alone goes on until it is spent", async () => {
  const { base_lr, warmup_ratio } = ratios.parameters;
  const lr_ratio = { min: 1.5, max: 20 };
  const endless = { method: "random", parameters: { base_lr, warmup_ratio, lr_ratio }, budget: { steps: 15 } };
  tiny.write("endless.yaml", { ...endless, name: "endless" });
  expect((await dualrate("plan", "endless.yaml")).stdout).toContain("endless: trials without end of 6 steps");
  const { status, stderr } = await dualrate("run", "endless.yaml", "--workers", "1", "--plain");
  expect([status, stderr]).toEqual([0, expect.stringContaining("the budget of 15 steps is spent (18)")]);
  expect(await trialsOf("endless")).toHaveLength(3);
});
