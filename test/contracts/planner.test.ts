// What every sampler and every pruner must hold to, whatever trials there are.
import { describe, expect, test } from "vitest";
import { courseOf } from "../../src/planner/course.js";
import { createPruner, createSampler } from "../../src/planner/planner.js";
import { prunedValues } from "../../src/planner/pruned-values.js";
import type { History, Standing } from "../../src/planner/sampler.js";
import { createAllowed } from "../../src/sweep/constraints.js";
import { resolveRates } from "../../src/sweep/resolve.js";
import type { EarlyTerminate, Method, Sweep } from "../../src/sweep/settings.js";
import { type Parameters, type Space, valuesOf } from "../../src/sweep/space.js";
import type { Trial } from "../../src/sweep/trial.js";
import { prunedSweep, standing } from "../planner/standings.js";
import { sweep } from "../store/fixture.js";

const DRAWN: Space = [
  { name: "base_lr", distribution: { kind: "log_uniform_values", min: 1e-5, max: 1e-3 } },
  { name: "lr_ratio", distribution: { kind: "log_uniform_values", min: 0.1, max: 1000 } },
  { name: "warmup_ratio", distribution: { kind: "uniform", min: 0, max: 0.3 } },
  { name: "batch_size", distribution: { kind: "int_uniform", min: 2, max: 9 } },
  { name: "lr_scheduler_type", distribution: { kind: "categorical", values: ["linear", "cosine", "constant"] } },
];
const LISTED: Space = [
  { name: "base_lr", distribution: { kind: "categorical", values: [1e-5, 1e-4, 1e-3] } },
  { name: "lr_ratio", distribution: { kind: "categorical", values: [0.1, 1, 10, 100, 1000] } },
  { name: "warmup_ratio", distribution: { kind: "categorical", values: [0, 0.1, 0.3] } },
];
const CONSTRAINTS = ["intro_lr <= 1e-2"] as const;
const METHODS: readonly Method[] = ["grid", "random", "sobol", "bayes"];
const ASKED = 24;

function sweepOf(method: Method, seed = 7): Sweep {
  const space = method === "grid" ? LISTED : DRAWN;
  return { ...sweep, method, space, seed, constraints: [...CONSTRAINTS], runCap: ASKED };
}

/** The trials in turn complete, pruned, diverged with a NaN, crashed, paused and running. */
function trialOf(parameters: Parameters, number: number): Trial {
  const rates = resolveRates(parameters);
  const common = { number, replicate: 0, seed: 1, parameters, rates };
  const [startedAt, endedAt] = [1000, 2000];
  const loss = (Math.log10(rates.lr_ratio) - 1) ** 2 + 0.1 * (Math.log10(rates.base_lr) + 4) ** 2;
  switch (number % 8) {
    case 2:
      return { ...common, state: "pruned", startedAt, endedAt, step: 10, reason: "worst of nine" };
    case 4: {
      const failure = { kind: "diverged", message: "the training loss is NaN", step: 3 } as const;
      return { ...common, state: "failed", startedAt, endedAt, failure };
    }
    case 5:
      return { ...common, state: "failed", startedAt, endedAt, failure: { kind: "crashed", message: "lost" } };
    case 6:
      return { ...common, state: "paused", startedAt, step: 10, reason: "worst of nine", checkpoint: "/c" };
    case 7:
      return { ...common, state: "running", startedAt };
    default:
      return { ...common, state: "complete", startedAt, endedAt, value: loss, bestStep: 40 };
  }
}

function historyOf({ seed, metric }: Sweep, trials: readonly Trial[]): History {
  const finished = trials.filter((trial) => "endedAt" in trial);
  const running = trials.filter((trial) => !("endedAt" in trial));
  // What half of a trial's evaluations promise.
  const half = trials.filter(({ state }) => state === "pruned" || state === "paused");
  const promised = new Map(half.map(({ number }) => [number, 2]));
  return deeplyFrozen({ finished, running, prunedValues: promised, goal: metric.goal, seed });
}

/** Asks for one suggestion after the other, each of them being a trial when the next is asked for. */
function searched(asked: Sweep, count = ASKED): readonly Trial[] {
  const sampler = createSampler(asked);
  const trials: Trial[] = [];
  for (let number = 1; number <= count; number++) {
    const parameters = sampler.suggest(asked.space, historyOf(asked, trials), number);
    if (parameters === undefined) break;
    trials.push(trialOf(parameters, number));
  }
  return trials;
}

function deeplyFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of value instanceof Map ? value.values() : Object.values(value)) deeplyFrozen(inner);
  }
  return value;
}

const parametersOf = (trials: readonly Trial[]) => trials.map(({ parameters }) => parameters);

describe.each(METHODS)("the sampler of method %s", (method) => {
  const asked = deeplyFrozen(sweepOf(method));
  const trials = searched(asked);

  test("suggests what the space and the constraints allow, after trials in any state", () => {
    expect(trials.length).toBeGreaterThan(15);
    const allowed = createAllowed(CONSTRAINTS, {});
    for (const { parameters } of trials) {
      expect(Object.keys(parameters)).toEqual(asked.space.map(({ name }) => name));
      expect(allowed(parameters)).toBe(true);
      for (const { name, distribution } of asked.space) {
        const value = parameters[name];
        const listed = valuesOf(distribution);
        if (listed) expect(listed).toContain(value);
        else if ("min" in distribution) {
          expect(Number.isFinite(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(distribution.min);
          expect(value).toBeLessThanOrEqual(distribution.max);
        }
      }
    }
  });

  test("suggests the same for the same seed, and something else for another", () => {
    expect(searched(asked)).toEqual(trials);
    const other = parametersOf(searched(sweepOf(method, 8), 12));
    // Of a grid that is larger than run_cap the seed draws the points.
    expect(other).not.toEqual(parametersOf(trials).slice(0, 12));
  });

  test("keeps nothing between calls, whatever it was asked before, and changes nothing that it is given", () => {
    const sampler = createSampler(asked);
    const at = (count: number) => [asked.space, historyOf(asked, trials.slice(0, count)), count + 1] as const;
    const alone = (count: number) => createSampler(asked).suggest(...at(count));
    for (const count of [12, 3, 0, 14, 12]) expect(sampler.suggest(...at(count))).toEqual(alone(count));
  });

  test("never suggests what runs already", () => {
    const sampler = createSampler(asked);
    const begun = trials.slice(0, 9);
    const running: Trial[] = [];
    for (let i = 0; i < 8; i++) {
      const number = begun.length + i + 1;
      const history = historyOf(asked, [...begun, ...running]);
      const parameters = sampler.suggest(asked.space, history, number);
      if (parameters === undefined) break;
      const common = { number, replicate: 0, seed: 1, parameters, rates: resolveRates(parameters) };
      running.push({ ...common, state: "running", startedAt: 1 });
    }
    const texts = [...begun, ...running].map(({ parameters }) => JSON.stringify(parameters));
    expect(running).toHaveLength(8);
    expect(new Set(texts).size).toBe(texts.length);
  });

  test("ends after its last suggestion", () => {
    const sampler = createSampler(asked);
    const size = sampler.size ?? 0;
    expect(size).toBeGreaterThan(0);
    expect(sampler.suggest(asked.space, historyOf(asked, trials), size + 1)).toBeUndefined();
  });
});

const PRUNERS: readonly (readonly [string, EarlyTerminate])[] = [
  ["median", { type: "median", minIterations: 2, minTrials: 3 }],
  ["hyperband", { type: "hyperband", rungs: { min: 2 }, eta: 2, strict: false }],
  ["strict hyperband", { type: "hyperband", rungs: { min: 2 }, eta: 3, strict: true }],
  ["asha", { type: "asha", rungs: { min: 2 }, eta: 2 }],
];

describe.each(PRUNERS)("the pruner %s", (_, early) => {
  const pruner = createPruner(prunedSweep(early), 100);
  const curve = (start: number) => Array.from({ length: 10 }, (_, i) => start - 0.05 * i);
  const others: readonly Standing[] = deeplyFrozen([
    ...[1, 1.2, 1.4, 1.6, 1.8].map((start, i) => standing(i + 1, curve(start), { state: "complete" })),
    standing(6, curve(3).slice(0, 2), { state: "pruned" }),
    standing(7, [Number.NaN, Number.NaN], { state: "failed" }),
    standing(8, [], { state: "failed" }),
    standing(9, curve(1.1).slice(0, 4), { state: "running" }),
    standing(10, [], { state: "running" }),
    ...(early.type === "asha" ? [standing(11, curve(0.5).slice(0, 2), { state: "paused" })] : []),
    standing(12, curve(0.01), { state: "complete", replicate: 1 }),
  ]);
  const own = (losses: readonly number[]) => deeplyFrozen(standing(20, losses));

  test("lets a good trial go on, and not the worst one", () => {
    expect(pruner.judge(own(curve(0.5).slice(0, 2)), others).action).toBe("continue");
    const verdict = pruner.judge(own(curve(9).slice(0, 2)), others);
    expect(verdict.action).toBe(early.type === "asha" ? "pause" : "stop");
    expect(verdict.reason).toMatch(/\d/);
  });

  test("judges the same again, whatever it has judged between, and in any order of the others", () => {
    const fresh = createPruner(prunedSweep(early), 100);
    for (const start of [9, 0.5, 1.5, 9, 1.3]) {
      const judged = pruner.judge(own(curve(start).slice(0, 4)), others);
      expect(judged).toEqual(fresh.judge(own(curve(start).slice(0, 4)), others));
      expect(judged).toEqual(pruner.judge(own(curve(start).slice(0, 4)), others.toReversed()));
    }
  });

  test("is not misled by what has no value: NaN, nothing measured yet, nobody to hold it against", () => {
    expect(pruner.judge(own([1, 1]), []).action).toBe("continue");
    expect(["continue", "stop", "pause"]).toContain(pruner.judge(own([Number.NaN, Number.NaN]), others).action);
    const silent = others.filter(({ measurements }) => measurements.length === 0);
    expect(pruner.judge(own([1, 1]), silent).action).toBe("continue");
  });

  test("judges at rungs within a trial, and takes up paused trials alone", () => {
    expect(pruner.rungs.length).toBeGreaterThan(0);
    for (const [i, rung] of pruner.rungs.entries()) {
      expect(rung).toBeGreaterThan(pruner.rungs[i - 1] ?? 0);
      expect(rung).toBeLessThan(1);
    }
    const promoted = pruner.promote?.(others);
    if (early.type === "asha") expect(promoted?.number).toBe(11);
    else expect(promoted).toBeUndefined();
  });

  test("what a stopped trial would have come to is finite, or is left out", () => {
    const values = prunedValues(courseOf(prunedSweep(early), 100), others);
    for (const value of values.values()) expect(Number.isFinite(value)).toBe(true);
    expect(values.has(7)).toBe(false);
  });
});
