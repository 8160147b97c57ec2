import { expect, test } from "vitest";
import { configurationKey, configurationsOf, meanOf, rankConfigurations } from "../../src/sweep/configuration.js";
import type { Trial } from "../../src/sweep/trial.js";
import { complete, failed, queued } from "../report/trials.js";

const seeded = (trial: Trial, replicate: number): Trial => ({ ...trial, replicate });

test("trials of the same parameters, in whichever order these are, are one configuration; another draw of them is its own", () => {
  const first = complete(1, 10, 2, { warmup_ratio: 0.1 });
  const other = { ...complete(3, 10, 2.2), parameters: { warmup_ratio: 0.1, lr_ratio: 10 }, replicate: 1 };
  const again = { ...first, number: 4 };
  const numbers = configurationsOf([first, complete(2, 1, 3), other, again]).map(({ number, trials }) => {
    return [number, trials.map((trial) => trial.number)];
  });
  expect(numbers).toEqual([
    [1, [1, 3]],
    [2, [2]],
    [4, [4]],
  ]);
  expect(configurationKey({ a: 1, b: "x" })).toBe(configurationKey({ b: "x", a: 1 }));
  expect(configurationKey({ a: 1 })).not.toBe(configurationKey({ a: "1" }));
});

test("a configuration's value is the mean of its complete seeds, with the standard error of that mean", () => {
  const trials = [
    complete(1, 10, 2),
    seeded(complete(2, 10, 4), 1),
    seeded(complete(3, 10, 3), 2),
    seeded(queued(4, 10), 3),
  ];
  const [only] = rankConfigurations(trials, "minimize");
  // The sample deviation of 2, 3, 4 is 1.
  expect(only).toMatchObject({ number: 1, value: 3, trial: { number: 1 } });
  expect(only?.standardError).toBeCloseTo(1 / Math.sqrt(3), 15);
  expect(only?.seeds.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(meanOf([5])).toEqual({ mean: 5, standardError: undefined });
});

test("the best mean of several seeds wins over a lower single value, and over a mean without the seed that diverged", () => {
  const trials = [
    complete(1, 1, 1.0),
    complete(2, 10, 2),
    complete(3, 30, 1.5),
    complete(4, 100, 1.2),
    seeded(complete(5, 10, 2.2), 1),
    seeded(complete(6, 30, 1.9), 1),
    seeded(complete(7, 100, 1.2), 1),
    seeded(failed(8, 100), 2),
  ];
  expect(rankConfigurations(trials, "minimize").map(({ number }) => number)).toEqual([3, 2, 1, 4]);
  expect(rankConfigurations(trials, "maximize").map(({ number }) => number)).toEqual([2, 3, 4, 1]);
});

test("a configuration whose first seed is not complete has the number of the first one that is", () => {
  const trials = [failed(1, 10, "crashed"), seeded(complete(2, 10, 4), 1), complete(3, 1, 5)];
  expect(rankConfigurations(trials, "minimize").map(({ number }) => number)).toEqual([2, 3]);
});
