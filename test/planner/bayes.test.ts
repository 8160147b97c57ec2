import { describe, expect, test } from "vitest";
import { createBayesSampler, initialDesignSize } from "../../src/planner/bayes.js";
import type { History } from "../../src/planner/sampler.js";
import { recommend, surrogateOf } from "../../src/planner/surrogate.js";
import type { PriorTrial } from "../../src/sweep/settings.js";
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

describe("in a space that was changed since", () => {
  const narrow: Space = square.map(({ name }) => ({ name, distribution: { kind: "uniform", min: 0.5, max: 1 } }));

  test("trials that it does not hold say nothing, but keep their numbers", () => {
    const finished = search(square, 16, branin);
    const inside = finished.filter(({ parameters }) => Number(parameters.u) >= 0.5 && Number(parameters.v) >= 0.5);
    expect(inside.length).toBeGreaterThan(2);
    expect(inside.length).toBeLessThan(16);
    const next = (trials: readonly Trial[]) =>
      createBayesSampler(narrow, 20, anything).suggest(narrow, history(trials), 17);
    expect(next(finished)).toEqual(next(inside));
    expect(Number(next(finished)?.u)).toBeGreaterThanOrEqual(0.5);
  });

  test("a finite one is searched to its end, whatever was tried outside of it", () => {
    const list = (values: readonly number[]): Space => [{ name: "u", distribution: { kind: "categorical", values } }];
    const finished = search(list([1, 2, 3]), 3, ({ u }) => Number(u));
    const [of, sampler] = [list([3, 4, 5, 6]), createBayesSampler(list([3, 4, 5, 6]), 50, anything)];
    for (let number = 4; number <= 7; number++) {
      const point = sampler.suggest(of, history(finished), number);
      if (point) finished.push(trial(number, point, complete(1)));
    }
    expect(finished.map(({ parameters }) => Number(parameters.u)).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe("with another study's trials", () => {
  /** They tell of u alone, on a scale of their own: the best is at 0.8. */
  const prior = Array.from({ length: 12 }, (_, i) => {
    return { parameters: { u: i / 11, v: 0.5 }, replicate: 0, value: 1000 * (i / 11 - 0.8) ** 2 - 7 };
  });
  const first = (finished: readonly Trial[], number: number, given: readonly PriorTrial[] = prior) =>
    createBayesSampler(square, 20, anything, given).suggest(square, history(finished), number) as Parameters;

  test("begins at the best of them, then spreads over the better part of the space", () => {
    const finished: Trial[] = [];
    for (let number = 1; number <= 5; number++) {
      finished.push(trial(number, first(finished, number), complete(number)));
    }
    expect(Math.abs(Number(finished[0]?.parameters.u) - 0.8)).toBeLessThan(0.05);
    for (const { parameters } of finished) expect(Math.abs(Number(parameters.u) - 0.8)).toBeLessThan(0.25);
    const v = finished.map(({ parameters }) => Number(parameters.v));
    expect(Math.max(...v) - Math.min(...v)).toBeGreaterThan(0.3);
  });

  test("the values of two studies are never compared: another scale gives the same trials", () => {
    const scaled = prior.map((one) => ({ ...one, value: one.value / 1e5 + 3 }));
    for (const number of [1, 2]) {
      const [here, there] = [first([], number), first([], number, scaled)];
      for (const name of ["u", "v"]) expect(here[name]).toBeCloseTo(Number(there[name]), 6);
    }
  });

  test("goes on by its own trials alone", () => {
    const finished = search(square, 8, branin);
    const cold = createBayesSampler(square, 20, anything).suggest(square, history(finished), 9);
    expect(first(finished, 9)).toEqual(cold);
  });

  test("keeps away from where they diverged, or where its own trials do", () => {
    const sick = prior.map((one, i) => (i >= 6 ? { ...one, value: null } : one));
    expect(Number(first([], 1, sick).u)).toBeLessThan(0.6);
    const own = [0.7, 0.75, 0.8, 0.85, 0.9].map((u, i) => trial(i + 1, { u, v: 0.5 }, failed("diverged")));
    expect(first(own, 2)).not.toEqual(first([], 2));
  });

  test("begins as without them where they are too few to tell anything", () => {
    expect(first([], 1, prior.slice(0, 1))).toEqual({ u: 0.5, v: 0.5 });
  });
});
