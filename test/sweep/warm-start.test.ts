import { expect, test } from "vitest";
import type { Sweep } from "../../src/sweep/settings.js";
import type { Distribution, Parameters, Space } from "../../src/sweep/space.js";
import type { Trial, TrialState } from "../../src/sweep/trial.js";
import { leftOut, parseWarmStart, priorOf } from "../../src/sweep/warm-start.js";
import { settings, sweep } from "../store/fixture.js";

const ratio = (min: number, max: number) => searched("lr_ratio", { kind: "log_uniform_values", min, max });
const searched = (name: string, distribution: Distribution) => ({ name, distribution });
const target = (space: Space, changes: Partial<Sweep> = {}): Sweep => ({
  ...sweep,
  method: "bayes",
  space,
  ...changes,
});

function trial(number: number, parameters: Parameters, state: TrialState, replicate = 0): Trial {
  const base_lr = Number(parameters.base_lr ?? 1e-4);
  const lr_ratio = Number(parameters.lr_ratio ?? 1);
  const rates = { base_lr, lr_ratio, intro_lr: base_lr * lr_ratio };
  return { number, replicate, seed: 0, parameters, rates, ...state };
}
const complete = (value: number) => ({ state: "complete", startedAt: 0, endedAt: 1, value, bestStep: 1 }) as const;
const failed = (kind: "diverged" | "crashed") =>
  ({ state: "failed", startedAt: 0, endedAt: 1, failure: { kind, message: kind } }) as const;
const pruned = { state: "pruned", startedAt: 0, endedAt: 1, step: 1, reason: "worst" } as const;
const trials = [0.1, 1, 10, 100].map((lr_ratio, i) => trial(i + 1, { lr_ratio }, complete(i)));

test("a study is named alone, or with its folder", () => {
  const resolve = (folder: string) => `/abs/${folder}`;
  expect(parseWarmStart("words", resolve)).toEqual({ study: "words", trials: [] });
  expect(parseWarmStart("there/results:words", resolve)).toMatchObject({
    study: "words",
    results: "/abs/there/results",
  });
});

test("complete trials inform with their values and seeds, diverged ones as diverged; others do not", () => {
  const more = [
    trial(5, { lr_ratio: 10 }, complete(7), 1),
    trial(6, { lr_ratio: 1000 }, failed("diverged")),
    trial(7, { lr_ratio: 20 }, failed("crashed")),
    trial(8, { lr_ratio: 30 }, pruned),
  ];
  const { trials: prior, outside } = priorOf(sweep, [...trials, ...more], target([ratio(0.1, 1000)]));
  expect(outside).toBe(0);
  expect(prior.slice(2)).toEqual([
    { parameters: { lr_ratio: 10 }, replicate: 0, value: 2 },
    { parameters: { lr_ratio: 100 }, replicate: 0, value: 3 },
    { parameters: { lr_ratio: 10 }, replicate: 1, value: 7 },
    { parameters: { lr_ratio: 1000 }, replicate: 0, value: null },
  ]);
});

test("trials out of range are left out, and counted", () => {
  const prior = priorOf(sweep, trials, target([ratio(0.5, 50)]));
  expect(prior.trials.map(({ parameters }) => parameters.lr_ratio)).toEqual([1, 10]);
  expect(leftOut(prior)).toBe("2 out of range");
  expect(() => priorOf(sweep, trials, target([ratio(5, 50)]))).toThrow(
    /at least 2 complete trials within .*; words has fewer \(3 out of range\)/,
  );
});

test("a parameter that the other study did not search has its fixed value there, its default, or follows from the rates", () => {
  const decay = searched("weight_decay", { kind: "uniform", min: 0, max: 1 });
  const warmup = searched("introduced_warmup_ratio", { kind: "uniform", min: 0, max: 0.5 });
  const rate = searched("intro_lr", { kind: "log_uniform_values", min: 1e-6, max: 1 });
  const { trials: prior } = priorOf(sweep, trials, target([rate, decay, warmup]));
  expect(prior[2]?.parameters).toEqual({ intro_lr: 1e-3, weight_decay: 0.01, introduced_warmup_ratio: 0 });
});

test("one that it has no value of is an error that names it", () => {
  const decay = searched("decay_ratio", { kind: "uniform", min: 0.1, max: 1 });
  expect(() => priorOf(sweep, trials, target([decay]))).toThrow("no value of decay_ratio");
});

test("trials that differ in what only the other study searched are left out", () => {
  const source = {
    ...sweep,
    space: [...sweep.space, searched("batch_size", { kind: "categorical", values: [8, 16] })],
  };
  const sized = trials.map((one, i) => ({ ...one, parameters: { ...one.parameters, batch_size: i === 0 ? 8 : 16 } }));
  const prior = priorOf(source, sized, target([ratio(0.1, 1000)]));
  // The batch size that is not given is 16.
  expect(prior.trials.map(({ parameters }) => parameters.lr_ratio)).toEqual([1, 10, 100]);
  expect(leftOut(prior)).toBe("1 with another batch_size");
});

test("a base_lr that is fixed here tells trials apart, a ratio that follows from two rates does not", () => {
  const rates = [searched("base_lr", { kind: "uniform", min: 0, max: 1 })];
  const source = { ...sweep, space: [...sweep.space, ...rates], settings: { ...settings, fixed: {} } };
  const rated = trials.map((one, i) => trial(i + 1, { ...one.parameters, base_lr: i < 2 ? 1e-4 : 3e-4 }, complete(i)));
  const fixed = priorOf(source, rated, target([ratio(0.1, 1000)]));
  expect(leftOut(fixed)).toBe("2 with another base_lr");
  const both = [searched("intro_lr", { kind: "uniform", min: 0, max: 1 }), ...rates];
  expect(priorOf(source, rated, target(both, { settings: { ...settings, fixed: {} } })).trials).toHaveLength(4);
});

test("another metric is an error", () => {
  const metric = { name: "accuracy", goal: "maximize" } as const;
  expect(() => priorOf(sweep, trials, target([ratio(0.1, 1000)], { metric }))).toThrow(
    "the same metric: words has loss (minimize), this sweep accuracy (maximize)",
  );
});

test("of many trials 200 are kept, from the best to the worst", () => {
  const many = Array.from({ length: 1000 }, (_, i) =>
    trial(i + 1, { lr_ratio: 1 + i / 100 }, complete((i * 37) % 1000)),
  );
  const { trials: prior } = priorOf(sweep, many, target([ratio(0.1, 1000)]));
  const values = prior.map(({ value }) => Number(value));
  expect(prior).toHaveLength(200);
  expect([Math.min(...values), Math.max(...values)]).toEqual([0, 999]);
});
