// Trials that are stopped early and studies that spend their budget, through the commands, with real training.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openReader } from "../../src/store/reader.js";
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
  parameters: { base_lr: { value: 1e-3 }, lr_ratio: { values: [100, 10, 3, 1, 0.1, 30] }, warmup_ratio: { value: 0 } },
};
const pruned = { ...ratios, early_terminate: { type: "asha", min_iter: 1, eta: 2 } };

interface Curve {
  readonly state: string;
  readonly reason: string | null;
  /** Steps and losses. */
  readonly points: readonly (readonly [number, number, number | null])[];
}

function curvesOf(name: string): readonly Curve[] {
  const reader = openReader(join(tiny.folder, "results"));
  const { id } = reader.study(name)?.study ?? { id: 0 };
  const curves = reader.trials(id).map((trial) => {
    const measured = reader.measurementsOf(id, trial.number);
    const points = measured.map(({ step, trainLoss, validation }) => [step, trainLoss, validation.loss] as const);
    return { state: trial.state, reason: "reason" in trial ? trial.reason : null, points };
  });
  reader.close();
  return curves;
}

test.each([
  ["hyperband", { type: "hyperband", min_iter: 1, eta: 2 }],
  ["asha", { type: "asha", min_iter: 1, eta: 2 }],
])("%s stops trials with a reason; what they measure is what they would have measured anyway", async (name, early) => {
  tiny.write(`${name}-whole.yaml`, { ...ratios, name: `${name}-whole` });
  tiny.write(`${name}.yaml`, { ...ratios, early_terminate: early, name });
  expect((await dualrate("run", `${name}-whole.yaml`, "--workers", "1")).status).toBe(0);
  const { status, stdout } = await dualrate("run", `${name}.yaml`, "--workers", "1", "--plain");
  expect(status).toBe(0);
  expect(stdout).toMatch(/\d pruned/);
  const [whole, cut] = [curvesOf(`${name}-whole`), curvesOf(name)];
  const ended = cut.filter(({ state }) => state === "pruned");
  expect(ended.length).toBeGreaterThan(0);
  for (const { reason } of ended) expect(reason).toMatch(/^rung [12] of 2: loss .* is rank/);
  for (const [i, { state, points }] of cut.entries()) {
    expect(points).toEqual(whole[i]?.points.slice(0, points.length));
    expect(points.length === 3).toBe(state === "complete");
  }
  // One at least is paused, and taken up again from its checkpoint as more come.
  const least = name === "asha" ? 1 : 0;
  for (const note of [/is paused at step 2: rung 1 of 2/, /is taken up again: rung/, /goes on after step [24]$/]) {
    expect(eventsOf(name).filter((message) => note.test(message)).length).toBeGreaterThanOrEqual(least);
  }
  expect(readdirSync(join(tiny.folder, "results", name, "checkpoints"))).toEqual([]);
});

function eventsOf(name: string): readonly string[] {
  const reader = openReader(join(tiny.folder, "results"));
  const events = reader.events(reader.study(name)?.study.id ?? 0).map(({ message }) => message);
  reader.close();
  return events;
}

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
      expect.stringMatching(/early_terminate would stop no trial[\s\S]*late\.yaml:\d+/),
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
  expect(curvesOf("budget")).toHaveLength(2);
  tiny.write("budget.yaml", { ...ratios, name: "budget", budget: { steps: 10_000 } });
  expect((await dualrate("run", "budget.yaml", "--workers", "1")).status).toBe(0);
  expect(curvesOf("budget")).toEqual(curvesOf("asha-whole"));
});

test("a random search with a budget alone goes on until it is spent", async () => {
  const { base_lr, warmup_ratio } = ratios.parameters;
  const lr_ratio = { min: 1.5, max: 20 };
  const endless = { method: "random", parameters: { base_lr, warmup_ratio, lr_ratio }, budget: { steps: 15 } };
  tiny.write("endless.yaml", { ...endless, name: "endless" });
  expect((await dualrate("plan", "endless.yaml")).stdout).toContain("endless: trials without end of 6 steps");
  const { status, stderr } = await dualrate("run", "endless.yaml", "--workers", "1", "--plain");
  expect([status, stderr]).toEqual([0, expect.stringContaining("the budget of 15 steps is spent (18)")]);
  expect(curvesOf("endless")).toHaveLength(3);
});
