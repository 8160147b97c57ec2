import { expect, test } from "vitest";
import { Random } from "../../src/random.js";
import { type Importance, importanceLine, importanceOf } from "../../src/report/importance.js";
import type { Distribution, Space } from "../../src/sweep/space.js";
import type { Trial } from "../../src/sweep/trial.js";
import { complete, sweep } from "./trials.js";

const UNIT: Distribution = { kind: "uniform", min: 0, max: 1 };
const SPACE: Space = [
  { name: "lr_ratio", distribution: UNIT },
  { name: "warmup_ratio", distribution: UNIT },
  { name: "weight_decay", distribution: UNIT },
];

function studied(f: (a: number, b: number) => number, count = 60, space = SPACE): readonly Importance[] | undefined {
  const random = new Random(3);
  const trials = Array.from({ length: count }, (_, i): Trial => {
    const [a, b, c] = [random.uniform(), random.uniform(), random.uniform()];
    const parameters = { lr_ratio: a, warmup_ratio: b, weight_decay: c };
    return { ...complete(i + 1, 1, f(a, b)), parameters };
  });
  return importanceOf({ ...sweep, space }, trials);
}

const share = (found: readonly Importance[] | undefined, name: string) =>
  found?.find((one) => one.name === name) as Importance;

// Of a sum the shares are those of the variances: 3a + b has 9 / 10 and 1 / 10. Within 0.06: 60 trials and the targets' logarithm.
test("of a sum each parameter has its own variance's share, and one that does nothing has none", () => {
  const found = studied((a, b) => 3 * a + b);
  expect(found?.map(({ name }) => name)).toEqual(["lr_ratio", "warmup_ratio", "weight_decay"]);
  expect(Math.abs(share(found, "lr_ratio").total - 0.9)).toBeLessThan(0.06);
  expect(Math.abs(share(found, "lr_ratio").first - 0.9)).toBeLessThan(0.1);
  expect(Math.abs(share(found, "warmup_ratio").total - 0.1)).toBeLessThan(0.06);
  expect(share(found, "weight_decay").total).toBeLessThan(0.02);
  for (const { low, total, high } of found ?? []) expect(low <= total && total <= high).toBe(true);
});

// (a - 1/2)(b - 1/2) has no share of either alone, and all of it for both together.
test("an interaction counts for both, and for neither alone", () => {
  const found = studied((a, b) => 10 * (a - 0.5) * (b - 0.5), 90);
  for (const name of ["lr_ratio", "warmup_ratio"]) {
    expect(share(found, name).total).toBeGreaterThan(0.85);
    expect(share(found, name).first).toBeLessThan(0.2);
  }
});

test("few trials, one parameter, or no difference at all give no shares", () => {
  expect(studied((a) => a, 9)).toBeUndefined();
  expect(studied((a) => a, 60, SPACE.slice(0, 1))).toBeUndefined();
  expect(importanceOf(sweep, [])).toBeUndefined();
});

test("the line names what matters with its interval, and the rest together", () => {
  const one = { first: 0.8, low: 0.7, high: 0.93 };
  const shares = [
    { ...one, name: "lr_ratio", total: 0.88 },
    { ...one, name: "seedless", total: 0.004 },
    { ...one, name: "other", total: 0 },
  ];
  expect(importanceLine(shares, "loss")).toBe(
    "what decides the loss, as shares of its variance over the search space: lr_ratio 88 % (70 % to 93 %), seedless, other under 1 %",
  );
});
