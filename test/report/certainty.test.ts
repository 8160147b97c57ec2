import { expect, test } from "vitest";
import { Random } from "../../src/random.js";
import { certaintyOf, contrastOf } from "../../src/report/certainty.js";
import { rankConfigurations } from "../../src/sweep/configuration.js";
import type { Trial } from "../../src/sweep/trial.js";
import { complete } from "./trials.js";

/** A row of values a ratio, one a seed. */
function trialsOf(rows: Readonly<Record<number, readonly (number | undefined)[]>>): readonly Trial[] {
  return Object.entries(rows)
    .flatMap(([ratio, values]) => {
      return values.flatMap((value, replicate) =>
        value === undefined ? [] : [{ ...complete(1, Number(ratio), value), replicate }],
      );
    })
    .map((trial, i) => ({ ...trial, number: i + 1 }));
}

test("winner and baseline are compared seed by seed: what a seed does to both cancels", () => {
  const trials = trialsOf({ 1: [2.5, 3.6, 1.4], 10: [2.0, 3.0, 1.0], 100: [4] });
  const certainty = certaintyOf(trials, "minimize", 0);
  const { difference, standardError, low, high } = certainty?.againstOne ?? {};
  expect([certainty?.winner.number, certainty?.baseline?.number]).toEqual([4, 1]);
  // Of -0.5, -0.6, -0.4: sd 0.1; t(0.975, 2) = 4.3027 (scipy).
  expect(difference).toBeCloseTo(-0.5, 12);
  expect(standardError).toBeCloseTo(0.1 / Math.sqrt(3), 12);
  expect([low, high]).toEqual([expect.closeTo(-0.7484, 4), expect.closeTo(-0.2516, 4)]);
});

test("only seeds that both have count, and fewer than two of them give no contrast", () => {
  const [ten, one] = rankConfigurations(trialsOf({ 1: [2.5, undefined, 1.5], 10: [2.0, 9, 1.2] }), "maximize");
  if (ten === undefined || one === undefined) throw new Error("two configurations are ranked");
  expect(contrastOf(one, ten)?.difference).toBeCloseTo(0.4, 12);
  const [a, b] = rankConfigurations(trialsOf({ 1: [2.5, 2.6], 10: [undefined, 2.0, 2.1] }), "minimize");
  if (a === undefined || b === undefined) throw new Error("two configurations are ranked");
  expect(contrastOf(a, b)).toBeUndefined();
});

test("nothing is said of one seed, and a baseline is not compared with itself", () => {
  expect(certaintyOf(trialsOf({ 1: [2], 10: [3] }), "minimize", 0)).toBeUndefined();
  expect(certaintyOf([], "minimize", 0)).toBeUndefined();
  const itself = certaintyOf(trialsOf({ 1: [2, 2.1], 10: [3, 3.1] }), "minimize", 0);
  expect([itself?.baseline?.number, itself?.againstOne]).toEqual([1, undefined]);
  expect(certaintyOf(trialsOf({ 3: [2, 2.1], 10: [3, 3.1] }), "minimize", 0)?.baseline).toBeUndefined();
});

test("a baseline without the first seed is compared over the others, and has no chance named", () => {
  const certainty = certaintyOf(trialsOf({ 1: [undefined, 3.6, 1.4], 10: [2, 3, 1] }), "minimize", 0);
  expect(certainty?.againstOne).toMatchObject({ seeds: 2, difference: expect.closeTo(-0.5, 12) });
  expect(certainty?.chances).toHaveLength(1);
});

test("the chances sum to 1, follow from the seed alone, and tell a clear winner from a tie", () => {
  const trials = trialsOf({ 1: [5, 5.3, 5.1, 5.2], 10: [2, 2.3, 2.1, 2.2], 30: [2.01, 2.28, 2.1, 2.22], 3: [2] });
  const chances = (seed: number) =>
    certaintyOf(trials, "minimize", seed)?.chances.map(({ probability }) => probability);
  const [first = 0, second = 0, last = 0] = chances(7) ?? [];
  expect(chances(7)).toEqual([first, second, last]);
  expect(chances(7)).toHaveLength(3);
  expect(first + second + last).toBeCloseTo(1, 12);
  expect(last).toBeLessThan(0.01);
  expect(second).toBeGreaterThan(0.2);
  const best = certaintyOf(trials, "maximize", 7)?.chances[0];
  expect(best?.configuration.rates.lr_ratio).toBe(1);
  expect(best?.probability).toBeGreaterThan(0.99);
});

test("of two configurations the chance is Student's t probability of their paired difference", () => {
  // d = -0.5 with standard error 0.1 / sqrt 3: t = 8.66; P(T < 8.66) with 2 degrees of freedom is 0.99346 (scipy).
  const certainty = certaintyOf(trialsOf({ 1: [2.5, 3.6, 1.4], 10: [2.0, 3.0, 1.0] }), "minimize", 1);
  // 20,000 draws of a probability of 0.993 deviate by 0.0006.
  expect(certainty?.chances[0]?.probability).toBeCloseTo(0.9935, 2.5);
});

test("of three configurations the chances are those of a joint Student's t with a pooled deviation", () => {
  const rows = { 1: [2.5, 3.6, 1.4, 2.2], 10: [2.0, 3.1, 1.1, 1.9], 30: [2.1, 2.9, 1.3, 1.85] };
  const { chances = [] } = certaintyOf(trialsOf(rows), "minimize", 1) ?? {};
  const said = new Map(chances.map(({ configuration, probability }) => [configuration.rates.lr_ratio, probability]));
  // scipy.stats.multivariate_t of the differences to the others, 6 degrees of freedom (test/golden/make_certainty.py).
  const reference = [
    [1, 0.0006],
    [10, 0.5508],
    [30, 0.4487],
  ] as const;
  // 20,000 draws deviate by 0.0035 at most.
  for (const [ratio, probability] of reference)
    expect(Math.abs((said.get(ratio) ?? 0) - probability)).toBeLessThan(0.014);
});

test("in simulated studies the named winner is the true best about as often as is said", () => {
  const random = new Random(11);
  const studies = Array.from({ length: 300 }, () => {
    const truths = [1, 3, 10, 30].map((ratio) => [ratio, random.normal()] as const);
    const shifts = Array.from({ length: 4 }, () => 3 * random.normal());
    const rows = truths.map(([ratio, truth]) => [ratio, shifts.map((s) => truth + s + 0.7 * random.normal())] as const);
    const { winner, chances } = certaintyOf(trialsOf(Object.fromEntries(rows)), "minimize", 5) ?? {};
    const [best] = truths.toSorted(([, a], [, b]) => a - b);
    return { said: chances?.[0]?.probability ?? 0, right: winner?.rates.lr_ratio === best?.[0] ? 1 : 0 };
  });
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [said, right] = [mean(studies.map((study) => study.said)), mean(studies.map((study) => study.right))];
  // The share of 300 has a standard error of 0.025.
  expect(Math.abs(right - said)).toBeLessThan(0.075);
  const sure = studies.filter((study) => study.said > 0.9);
  expect(sure.length).toBeGreaterThan(40);
  expect(mean(sure.map((study) => study.right))).toBeGreaterThan(0.88);
});
