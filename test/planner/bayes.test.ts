import { describe, expect, test } from "vitest";
import { createBayesSampler, initialDesignSize } from "../../src/planner/bayes.js";
import type { History } from "../../src/planner/sampler.js";
import { recommend, surrogateOf } from "../../src/planner/surrogate.js";
import type { Parameters, Space } from "../../src/sweep/space.js";
import type { Trial, TrialState } from "../../src/sweep/trial.js";

const unit = { kind: "uniform", min: 0, max: 1 } as const;
const square: Space = [
  { name: "u", distribution: unit },
  { name: "v", distribution: unit },
];
const anything = () => true;

function branin({ u, v }: Parameters): number {
  const [x, y] = [-5 + 15 * Number(u), 15 * Number(v)];
  const bowl = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
  return bowl * bowl + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
}
const BRANIN_LEAST = 0.39788735772973816;

function trial(number: number, parameters: Parameters, state: TrialState): Trial {
  return { number, replicate: 0, seed: 0, parameters, rates: { base_lr: 1, lr_ratio: 1, intro_lr: 1 }, ...state };
}

const complete = (value: number) => ({ state: "complete", startedAt: 0, endedAt: 1, value, bestStep: 1 }) as const;
const failed = (kind: "diverged" | "crashed" | "timeout") =>
  ({ state: "failed", startedAt: 0, endedAt: 1, failure: { kind, message: kind } }) as const;

function history(finished: readonly Trial[], more: Partial<History> = {}): History {
  return { finished, running: [], goal: "minimize", seed: 4, ...more };
}

/** The first `count` trials of a search, one after the other. */
function search(space: Space, count: number, value: (point: Parameters) => number, more: Partial<History> = {}) {
  const sampler = createBayesSampler(space, count, anything);
  const finished: Trial[] = [];
  for (let number = 1; number <= count; number++) {
    const point = sampler.suggest(space, history(finished, more), number);
    if (point) finished.push(trial(number, point, complete(value(point))));
  }
  return finished;
}

/** Up to eight suggestions asked for before any of them has ended. */
function atOnce(space: Space, finished: readonly Trial[], count: number): readonly Parameters[] {
  const sampler = createBayesSampler(space, 1000, anything);
  const running: Trial[] = [];
  for (let number = finished.length + 1; running.length < count; number++) {
    const point = sampler.suggest(space, history(finished, { running }), number);
    if (point === undefined) break;
    running.push(trial(number, point, { state: "running", startedAt: 0 }));
  }
  return running.map(({ parameters }) => parameters);
}

const distinct = (points: readonly Parameters[]) => new Set(points.map((point) => JSON.stringify(point))).size;

describe("the Bayesian sampler", () => {
  test("begins at the centre, then spreads max(5, 2d + 1) points whatever their values", () => {
    const [low, high] = [search(square, 5, () => 1), search(square, 5, ({ u }) => Number(u))];
    expect(initialDesignSize(square)).toBe(5);
    expect(low[0]?.parameters).toEqual({ u: 0.5, v: 0.5 });
    expect(low.map(({ parameters }) => parameters)).toEqual(high.map(({ parameters }) => parameters));
    expect(distinct(low.map(({ parameters }) => parameters))).toBe(5);
  });

  test("comes within 0.1 of Branin's minimum in 30 trials", () => {
    const found = recommend(square, history(search(square, 30, branin))) as Parameters;
    expect(branin(found) - BRANIN_LEAST).toBeLessThan(0.1);
  });

  test("a metric to maximize is its negative to minimize", () => {
    const down = search(square, 9, branin);
    const up = search(square, 9, (point) => -branin(point), { goal: "maximize" });
    expect(up.map(({ parameters }) => parameters)).toEqual(down.map(({ parameters }) => parameters));
  });

  test("the same history gives the same suggestion; another seed or another value does not", () => {
    const finished = search(square, 8, branin);
    const next = (trials: readonly Trial[], seed: number) =>
      createBayesSampler(square, 20, anything).suggest(square, history(trials, { seed }), 9);
    expect(next(finished, 4)).toEqual(next(finished, 4));
    expect(next(finished, 4)).not.toEqual(next(finished, 5));
    const changed = finished.with(7, trial(8, finished[7]?.parameters ?? {}, complete(-40)));
    expect(next(changed, 4)).not.toEqual(next(finished, 4));
  });

  test.each([0, 3, 12])("eight suggestions asked for at once are all different (after %d trials)", (ended) => {
    const points = atOnce(square, search(square, ended, branin), 8);
    expect(distinct(points)).toBe(8);
    // Different to the eye, too: a running trial is as good as known.
    const distances = points.flatMap((a, i) =>
      points.slice(0, i).map((b) => Math.hypot(Number(a.u) - Number(b.u), Number(a.v) - Number(b.v))),
    );
    expect(Math.min(...distances)).toBeGreaterThan(1e-3);
  });

  test("takes each point of a finite space once, and ends with the last", () => {
    const finite: Space = [
      { name: "init", distribution: { kind: "categorical", values: ["mean", "random", "subword_mean"] } },
      { name: "steps", distribution: { kind: "int_uniform", min: 1, max: 4 } },
      { name: "fixed", distribution: { kind: "constant", value: 3 } },
    ];
    const value = ({ init, steps }: Parameters) => (init === "random" ? 0 : 1) + Number(steps);
    const trials = search(finite, 50, value).map(({ parameters }) => parameters);
    expect(trials.length).toBe(12);
    expect(distinct(trials)).toBe(12);
    expect(createBayesSampler(finite, 50, anything).size).toBe(12);
    for (const { fixed } of trials) expect(fixed).toBe(3);
    // The best of the twelve comes well before the last.
    expect(trials.findIndex((point) => value(point) === 1)).toBeLessThan(9);
  });

  test("never suggests what is not allowed", () => {
    const allowed = ({ u, v }: Parameters) => Number(u) * Number(v) <= 0.05;
    const sampler = createBayesSampler(square, 20, allowed);
    const finished: Trial[] = [];
    for (let number = 1; number <= 15; number++) {
      const point = sampler.suggest(square, history(finished), number) as Parameters;
      expect(allowed(point)).toBe(true);
      // The best lies where it is not allowed.
      finished.push(trial(number, point, complete((Number(point.u) - 1) ** 2 + (Number(point.v) - 1) ** 2)));
    }
  });

  test("of thousands of trials it sees four hundred, the best among them, and suggests something new", () => {
    const finished = Array.from({ length: 3000 }, (_, i) => {
      const point = { u: ((i * 7919) % 3001) / 3001, v: ((i * 104_729) % 2999) / 2999 };
      return trial(i + 1, point, complete(branin(point)));
    });
    const surrogate = surrogateOf(square, history(finished), 3001);
    expect(surrogate?.leaders).toHaveLength(400);
    const least = finished.reduce((a, b) =>
      b.state === "complete" && a.state === "complete" && b.value < a.value ? b : a,
    );
    expect(branin(surrogate?.best.trial.parameters ?? {}) - branin(least.parameters)).toBeLessThan(0.02);
    const next = createBayesSampler(square, 5000, anything).suggest(square, history(finished), 3001) as Parameters;
    expect(branin(next)).toBeLessThan(3);
    expect(finished.some(({ parameters }) => parameters.u === next.u && parameters.v === next.v)).toBe(false);
  });

  test("a diverged trial counts as the worst, a crashed one not at all", () => {
    const finished = search(square, 10, branin);
    const last = finished.at(-1) as Trial;
    const worst = Math.max(...finished.slice(0, -1).map((ended) => (ended.state === "complete" ? ended.value : 0)));
    const next = (trials: readonly Trial[]) =>
      createBayesSampler(square, 20, anything).suggest(square, history(trials), 11);
    const endedAs = (state: TrialState) => next(finished.with(9, trial(10, last.parameters, state)));
    expect(endedAs(failed("diverged"))).toEqual(endedAs(complete(worst)));
    expect(endedAs(complete(Number.NaN))).toEqual(endedAs(complete(worst)));
    expect(endedAs(failed("crashed"))).toEqual(next(finished.slice(0, -1)));
    expect(endedAs(failed("timeout"))).toEqual(next(finished.slice(0, -1)));
  });

  test("goes on where every trial so far failed, or all have one value", () => {
    const points = search(square, 12, () => 2).map(({ parameters }) => parameters);
    expect(distinct(points)).toBe(12);
    const crashed = points.map((point, i) => trial(i + 1, point, failed("crashed")));
    const next = createBayesSampler(square, 20, anything).suggest(square, history(crashed), 13) as Parameters;
    expect(distinct([...points, next])).toBe(13);
  });
});

test("a pruned trial counts with the value that it is expected to have come to, and is never recommended", () => {
  const pruned = { state: "pruned", startedAt: 0, endedAt: 1, step: 1, reason: "rank 2 of 2" } as const;
  const trials = [0.1, 0.3, 0.5, 0.7, 0.9].map((u, i) => trial(i + 1, { u, v: u }, complete(1 + u)));
  const more = [...trials, trial(6, { u: 0.2, v: 0.8 }, pruned)];
  const values = (value: number) => ({ prunedValues: new Map([[6, value]]) });
  const next = (given: Partial<History>) =>
    createBayesSampler(square, 9, anything).suggest(square, history(more, given), 7);
  expect(next(values(0.5))).not.toEqual(next(values(3)));
  expect(next({})).not.toEqual(next(values(0.5)));
  expect(recommend(square, history(more, values(-9)))).not.toEqual({ u: 0.2, v: 0.8 });
});

test("seeds of one configuration count as one observation: its mean, surer than a single value", () => {
  const line: Space = [{ name: "u", distribution: unit }];
  const ones = Array.from({ length: 9 }, (_, i) =>
    trial(i + 1, { u: i / 9 }, complete((i / 9 - 0.5) ** 2 + (i % 2) / 20)),
  );
  const copies = (value: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...trial(10 + i, { u: 0.95 }, complete(value)), replicate: i }));
  const meanAt = (trials: readonly Trial[]) => {
    const surrogate = surrogateOf(line, history(trials), 0);
    return surrogate?.process.at(Float64Array.of(0.95));
  };
  const [single, several] = [meanAt([...ones, ...copies(-0.1, 1)]), meanAt([...ones, ...copies(-0.1, 4)])];
  expect(surrogateOf(line, history([...ones, ...copies(-0.1, 4)]), 0)?.leaders).toHaveLength(10);
  expect(several?.deviation).toBeLessThan(single?.deviation ?? 0);
});

test("a running seed of a configuration is no further point, and a diverged one leaves its mean", () => {
  const line: Space = [{ name: "u", distribution: unit }];
  const finished = [0.1, 0.5, 0.9].map((u, i) => trial(i + 1, { u }, complete(u)));
  const again = { ...trial(4, { u: 0.1 }, failed("diverged")), replicate: 1 };
  const surrogate = surrogateOf(line, history([...finished, again]), 0);
  expect(surrogate?.leaders).toHaveLength(3);
  expect(surrogate?.best.trial.number).toBe(1);
});
