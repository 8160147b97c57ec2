import { expect, test } from "vitest";
import { createSampler } from "../../src/planner/planner.js";
import { createStudyPlan, finalistsOf } from "../../src/planner/study-plan.js";
import { Random } from "../../src/random.js";
import { resolveRates } from "../../src/sweep/resolve.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import type { Parameters, Space } from "../../src/sweep/space.js";
import { rankTrials, type Trial, type TrialEnd, trialSeed } from "../../src/sweep/trial.js";

const GRID: Sweep = {
  name: "s",
  file: "/s.yaml",
  seed: 4,
  settings: { fixed: { base_lr: 1e-4 } } as unknown as Settings,
  method: "grid",
  metric: { name: "loss", goal: "minimize" },
  space: [{ name: "lr_ratio", distribution: { kind: "categorical", values: [1, 3, 10, 30, 100] } }],
};
const RANGE: Sweep = {
  ...GRID,
  method: "random",
  runCap: 12,
  space: [{ name: "lr_ratio", distribution: { kind: "log_uniform_values", min: 0.1, max: 1000 } }],
};

/** Best at 10: a parabola of the ratio's logarithm, and a little of the seed. */
function lossOf(ratio: number, replicate: number): number {
  return (Math.log10(ratio) - 1) ** 2 + 0.01 * replicate;
}

interface Step {
  readonly ratio: number;
  readonly replicate: number;
}

/** Runs `sweep` on from `trials` to its end, one trial at a time. */
function run(sweep: Sweep, trials: readonly Trial[] = [], limit = 100): readonly Trial[] {
  const plan = createStudyPlan(sweep, createSampler(sweep));
  const history = { finished: trials, running: [], goal: sweep.metric.goal, seed: sweep.seed };
  const next = trials.length < limit ? plan.next(history, trials) : undefined;
  if (next === undefined) return trials;
  return run(sweep, [...trials, trialOf(sweep, trials.length + 1, next.parameters, next.replicate)], limit);
}

function trialOf(sweep: Sweep, number: number, parameters: Parameters, replicate: number): Trial {
  const rates = resolveRates({ ...sweep.settings.fixed, ...parameters });
  const seed = trialSeed(sweep.seed, replicate);
  const value = lossOf(rates.lr_ratio, replicate);
  const ended = { state: "complete", startedAt: 1, endedAt: 2, value, bestStep: 1 } as const;
  return { number, replicate, seed, parameters, rates, ...ended };
}

function stepsOf(trials: readonly Trial[]): readonly Step[] {
  return trials.map(({ rates, replicate }) => ({ ratio: rates.lr_ratio, replicate }));
}

function totalOf(sweep: Sweep, trials: readonly Trial[]): number | undefined {
  const history = { finished: trials, running: [], goal: sweep.metric.goal, seed: sweep.seed };
  return createStudyPlan(sweep, createSampler(sweep)).total(history, trials);
}

test("with replicates every configuration runs with each seed before the next one", () => {
  const sweep = { ...GRID, replicates: 2 };
  const steps = stepsOf(run(sweep));
  expect(steps.slice(0, 4)).toEqual([
    { ratio: 1, replicate: 0 },
    { ratio: 1, replicate: 1 },
    { ratio: 3, replicate: 0 },
    { ratio: 3, replicate: 1 },
  ]);
  expect(steps).toHaveLength(10);
  expect(totalOf(sweep, [])).toBe(10);
});

test("replicates are a random search's too, whose draws stay the same", () => {
  const ratios = (sweep: Sweep) => [...new Set(stepsOf(run(sweep)).map(({ ratio }) => ratio))];
  expect(ratios({ ...RANGE, replicates: 3 })).toEqual(ratios(RANGE));
  expect(run({ ...RANGE, replicates: 3 })).toHaveLength(36);
});

test("after the search the leaders and the best at ratio 1 run again, seed by seed", () => {
  const final = { top: 2, seeds: 3 };
  const trials = run({ ...GRID, final });
  expect(stepsOf(trials).slice(5)).toEqual([
    { ratio: 10, replicate: 1 },
    ...[{ ratio: expect.toBeOneOf([3, 30]), replicate: 1 }],
    { ratio: 1, replicate: 1 },
    { ratio: 10, replicate: 2 },
    ...[{ ratio: expect.toBeOneOf([3, 30]), replicate: 2 }],
    { ratio: 1, replicate: 2 },
  ]);
  expect(trials.at(-1)?.seed).toBe(trialSeed(4, 2));
  expect(totalOf({ ...GRID, final }, trials)).toBe(11);
});

test("a baseline that is a leader runs once, and the total says so when the search has ended", () => {
  const sweep = { ...GRID, final: { top: 5, seeds: 2 } };
  expect(totalOf(sweep, [])).toBeGreaterThanOrEqual(10);
  expect(run(sweep)).toHaveLength(10);
  expect(totalOf(sweep, run(sweep, [], 5))).toBe(10);
});

test("finals wait for the search's running trials", () => {
  const sweep = { ...GRID, final: { top: 2, seeds: 2 } };
  const searched = run(sweep, [], 5);
  const running = searched.map((trial): Trial => {
    const { number, replicate, seed, parameters, rates } = trial;
    return number === 2 ? { number, replicate, seed, parameters, rates, state: "running", startedAt: 1 } : trial;
  });
  const finished = running.filter((trial) => "endedAt" in trial);
  const history = { finished, running: running.slice(1, 2), goal: "minimize", seed: 4 } as const;
  expect(createStudyPlan(sweep, createSampler(sweep)).next(history, running)).toBeUndefined();
});

test.each([GRID, RANGE, { ...RANGE, method: "bayes", replicates: 2 } as const])(
  "a study that is cut at any trial goes on as if it had not been ($method)",
  (of) => {
    const sweep: Sweep = { ...of, final: { top: 2, seeds: 4 } };
    const whole = run(sweep);
    expect(totalOf(sweep, whole)).toBe(whole.length);
    for (const cut of [1, 5, whole.length - 5, whole.length - 1])
      expect(run(sweep, run(sweep, [], cut))).toEqual(whole);
  },
);

test("where no trial ran at ratio 1 the baseline is a tried configuration moved there, with all seeds of the finals", () => {
  const sweep = { ...RANGE, final: { top: 1, seeds: 3 } };
  const finals = stepsOf(run(sweep)).slice(12);
  expect(finals.filter(({ ratio }) => ratio === 1).map(({ replicate }) => replicate)).toEqual([1, 2, 0]);
  expect(finals).toHaveLength(5);
  // A grid without ratio 1 has no baseline.
  const without = [{ name: "lr_ratio", distribution: { kind: "categorical", values: [3, 10] } }] as const;
  expect(stepsOf(run({ ...GRID, space: without, final: { top: 1, seeds: 2 } })).map(({ ratio }) => ratio)).toEqual([
    3, 10, 10,
  ]);
});

test("ratio 1 is found by intro_lr where lr_ratio is not searched", () => {
  const rates = { kind: "log_uniform_values", min: 1e-5, max: 1e-2 } as const;
  const space = [
    { name: "base_lr", distribution: rates },
    { name: "intro_lr", distribution: rates },
  ];
  const sweep: Sweep = { ...RANGE, settings: { fixed: {} } as Settings, space, final: { top: 1, seeds: 2 } };
  const last = run(sweep).at(-1);
  expect([last?.rates.lr_ratio, last?.replicate]).toEqual([1, 0]);
});

test("leaders are those of the posterior mean: a lucky value among bad neighbours is none", () => {
  const ratios = Array.from({ length: 25 }, (_, i) => 10 ** (-1 + i / 6));
  const random = new Random(2);
  const trials = ratios.map((lr_ratio, i) => {
    const trial = trialOf(RANGE, i + 1, { lr_ratio }, 0);
    return { ...trial, value: i === 19 ? -0.6 : lossOf(lr_ratio, 0) + 0.3 * random.normal() } as Trial;
  });
  const [lowest] = rankTrials(trials, "minimize");
  expect(lowest?.number).toBe(20);
  const [leader] = finalistsOf(RANGE, { top: 1, seeds: 2 }, trials);
  // The true value at the lucky one's ratio is 1.36, at 10 it is 0.
  expect(Math.abs(Math.log10(Number(leader?.lr_ratio)) - 1)).toBeLessThan(0.5);
  // Without a numeric dimension, the value decides.
  const kinds = [
    { name: "lr_scheduler_type", distribution: { kind: "categorical", values: ["linear", "cosine"] } },
  ] as const;
  const fixed = { base_lr: 1e-4, lr_ratio: 10 };
  const named: Sweep = { ...GRID, settings: { fixed } as unknown as Settings, space: kinds };
  const two = ["linear", "cosine"].map((lr_scheduler_type, i) => {
    return { ...trialOf(named, i + 1, { lr_scheduler_type }, 0), value: 2 - i } as Trial;
  });
  expect(finalistsOf(named, { top: 1, seeds: 2 }, two)).toEqual([{ lr_scheduler_type: "cosine" }]);
});

test("a leader whose later seed failed is not run for ever", () => {
  const sweep = { ...GRID, final: { top: 1, seeds: 2 } };
  const trials = run(sweep, [], 6);
  const last = trials[5] as Trial;
  const { number, replicate, seed, parameters, rates } = last;
  const failure = { kind: "diverged", message: "NaN" } as const;
  const failed: Trial = {
    number,
    replicate,
    seed,
    parameters,
    rates,
    state: "failed",
    startedAt: 1,
    endedAt: 2,
    failure,
  };
  expect(
    stepsOf(run(sweep, [...trials.slice(0, 5), failed]))
      .slice(5)
      .map(({ ratio }) => ratio),
  ).toEqual([10, 1]);
});

test("a baseline that was stopped early runs again, one that diverged does not", () => {
  const sweep = { ...GRID, final: { top: 1, seeds: 3 } };
  const searched = run(sweep, [], 5);
  const without = (outcome: TrialEnd) => {
    const { number, replicate, seed, parameters, rates } = searched[0] as Trial;
    return [{ number, replicate, seed, parameters, rates, startedAt: 1, endedAt: 2, ...outcome }, ...searched.slice(1)];
  };
  const finals = (outcome: TrialEnd) => stepsOf(run(sweep, without(outcome))).slice(5);
  expect(finals({ state: "pruned", step: 1, reason: "worst" }).map(({ ratio }) => ratio)).toEqual([10, 1, 10, 1]);
  expect(finals({ state: "failed", failure: { kind: "diverged", message: "" } }).map(({ ratio }) => ratio)).toEqual([
    10, 10,
  ]);
});

test("of thousands of trials the leaders are found all the same", () => {
  const random = new Random(3);
  const trials = Array.from({ length: 3000 }, (_, i) =>
    trialOf(RANGE, i + 1, { lr_ratio: 10 ** (4 * random.uniform() - 1) }, 0),
  );
  const [leader, second] = finalistsOf(RANGE, { top: 2, seeds: 2 }, trials);
  // A process over all of them would take minutes, and 72 MB for each of its matrices.
  for (const found of [leader, second]) expect(Math.abs(Math.log10(Number(found?.lr_ratio)) - 1)).toBeLessThan(0.1);
});

test("a grid that was changed counts what it runs in all: what is left, and what was tried before", () => {
  const trials = run(GRID, [], 3);
  const list = (values: readonly number[]): Space => [
    { name: "lr_ratio", distribution: { kind: "categorical", values } },
  ];
  for (const values of [[1, 3, 10, 30, 100, 300], [10, 1000], [7], [1, 3, 10]]) {
    const changed = { ...GRID, space: list(values) };
    const all = run(changed, trials);
    expect(totalOf(changed, trials), String(values)).toBe(all.length);
    expect(new Set(all.map(({ rates }) => rates.lr_ratio))).toEqual(new Set([1, 3, 10, ...values]));
  }
});

test("leaders that a narrowed space does not hold are run again all the same", () => {
  const narrow: Space = [{ name: "lr_ratio", distribution: { kind: "log_uniform_values", min: 100, max: 1000 } }];
  const sweep = { ...RANGE, space: narrow, runCap: 14, final: { top: 1, seeds: 2 } };
  const trials = run(sweep, run(RANGE));
  const best = rankTrials(trials.slice(0, 12), "minimize")[0];
  expect(best?.rates.lr_ratio).toBeLessThan(100);
  expect(trials.filter(({ parameters }) => parameters.lr_ratio === best?.rates.lr_ratio)).toHaveLength(2);
});
