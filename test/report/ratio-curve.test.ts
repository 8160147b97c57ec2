// Simulated studies with a known best ratio; bench/coverage.mjs has many more of them.
import { expect, test } from "vitest";
import { Random } from "../../src/random.js";
import { type RatioCurve, ratioCurveOf } from "../../src/report/ratio-curve.js";
import { curveLines, sparkline } from "../../src/report/verdict.js";
import type { Sweep } from "../../src/sweep/settings.js";
import type { Parameters, Space } from "../../src/sweep/space.js";
import type { Trial } from "../../src/sweep/trial.js";
import { complete, failed, sweep } from "./trials.js";

const SPACE: Space = [
  { name: "base_lr", distribution: { kind: "log_uniform_values", min: 1e-5, max: 1e-3 } },
  { name: "lr_ratio", distribution: { kind: "log_uniform_values", min: 0.1, max: 1000 } },
];
const STUDY: Sweep = { ...sweep, space: SPACE, settings: { ...sweep.settings, fixed: {} } };

/** A valley about `best`, with noise; draws of both rates. */
function studyOf(
  best: number,
  count: number,
  seed: number,
  changes: (p: Parameters) => Parameters = (p) => p,
): Trial[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const base_lr = 1e-5 * 100 ** random.uniform();
    const ratio = 0.1 * 10_000 ** random.uniform();
    const y = Math.log10(ratio / best);
    const value = 2 + 0.1 * y * y + 0.05 * (Math.log10(base_lr) + 4 + 0.3 * y) ** 2 + 0.01 * random.normal();
    const parameters = changes({ base_lr, lr_ratio: ratio });
    const trial = complete(i + 1, ratio, value, { base_lr });
    return { ...trial, parameters } as Trial;
  });
}

const curveOf = (trials: readonly Trial[], changes: Partial<Sweep> = {}) =>
  ratioCurveOf({ ...STUDY, ...changes }, trials) as RatioCurve;

test.each([
  [3, 1],
  [20, 2],
  [80, 3],
])("the interval holds the best ratio, %dx, and is no wider than the trials leave it open (seed %i)", (best, seed) => {
  const { ratios, profile, best: found } = curveOf(studyOf(best, 30, seed));
  expect(found.low).toBeLessThanOrEqual(best);
  expect(found.high).toBeGreaterThanOrEqual(best);
  expect(found.ratio).toBeGreaterThan(best / 4);
  expect(found.ratio).toBeLessThan(best * 4);
  expect(found.high / found.low).toBeLessThan(100);
  expect(profile).toHaveLength(ratios.length);
  for (const { mean, low, high } of profile) {
    expect(low).toBeLessThanOrEqual(mean);
    expect(high).toBeGreaterThanOrEqual(mean);
  }
});

test("the same trials give the same curve, and more of them a narrower interval", () => {
  const width = ({ best }: RatioCurve) => Math.log10(best.high / best.low);
  const few = curveOf(studyOf(20, 12, 4));
  expect(curveOf(studyOf(20, 12, 4))).toEqual(few);
  expect(width(curveOf(studyOf(20, 60, 4)))).toBeLessThan(width(few));
});

test("what is to be greatest is turned round, in the metric's own units", () => {
  const trials = studyOf(20, 30, 2);
  const upside = trials.map((trial) => (trial.state === "complete" ? { ...trial, value: -trial.value } : trial));
  const [low, high] = [curveOf(trials), curveOf(upside, { metric: { name: "accuracy", goal: "maximize" } })];
  expect(high.best).toEqual(low.best);
  expect(high.profile[5]?.mean).toBeCloseTo(-(low.profile[5]?.mean as number), 10);
  expect(sparkline(high, "maximize")).toBe(sparkline(low, "minimize"));
});

test("a ratio that two searched rates make is found as well", () => {
  const space: Space = [
    SPACE[0] as Space[number],
    { name: "intro_lr", distribution: { kind: "log_uniform_values", min: 1e-6, max: 1 } },
  ];
  const trials = studyOf(20, 30, 2, ({ base_lr, lr_ratio }) => ({
    base_lr: base_lr as number,
    intro_lr: Number(base_lr) * Number(lr_ratio),
  }));
  const { best } = curveOf(trials, { space });
  expect(best.low).toBeLessThanOrEqual(20);
  expect(best.high).toBeGreaterThanOrEqual(20);
});

test("too few ratios or configurations give no curve", () => {
  expect(ratioCurveOf(STUDY, [])).toBeUndefined();
  expect(ratioCurveOf(STUDY, studyOf(20, 5, 1))).toBeUndefined();
  expect(
    ratioCurveOf(
      STUDY,
      studyOf(20, 30, 1).map((t) => ({ ...t, rates: { ...t.rates, lr_ratio: 1 } })),
    ),
  ).toBe(undefined);
});

test("divergence is a share that rises where trials diverge, and none where none does", () => {
  const trials = studyOf(20, 24, 5);
  expect(curveOf(trials).divergence.every((share) => share === 0)).toBe(true);
  const broken = [1, 2, 3, 4].map((i) => ({
    ...failed(100 + i, 700 + i),
    parameters: { base_lr: 1e-4, lr_ratio: 700 + i },
  }));
  const { divergence, ratios } = curveOf([...trials, ...broken]);
  expect(divergence[0]).toBeLessThan(0.2);
  expect(divergence.at(-1)).toBeGreaterThan(0.4);
  expect(ratios.at(-1)).toBeLessThanOrEqual(1000);
});

const BAND = { mean: 1, low: 0.9, high: 1.1 };
const CURVE: RatioCurve = {
  ratios: [0.1, 1, 10, 100],
  profile: [{ ...BAND, mean: 2 }, { ...BAND, mean: 1.2 }, BAND, { ...BAND, mean: 3 }],
  best: { ratio: 10, low: 1, high: 100 },
  withinNoise: { low: 1, high: 10 },
  divergence: [0, 0.1, 0.2, 0.6],
};

test("the curve in words: an interval that reaches the end of what was tried says so", () => {
  expect(curveLines(CURVE)).toEqual([
    "by the model of all trials the best ratio is 10x (95 %: 1x to 100x); it may lie above 100x, where nothing was tried",
    "within one seed's noise of it: 1x to 10x",
    "from 100x on more trials diverge than not",
  ]);
  expect(curveLines({ ...CURVE, best: { ratio: 10, low: 1, high: 10 }, divergence: [0, 0, 0, 0] })).toHaveLength(2);
});

test("the curve in one line has the best at the bottom", () => {
  expect(sparkline(CURVE, "minimize")).toBe("0.1x ▆▃▁█ 100x");
});
