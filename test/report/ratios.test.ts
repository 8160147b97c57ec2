import { describe, expect, test } from "vitest";
import { certaintyOf } from "../../src/report/certainty.js";
import { compareRatios, groupingOf } from "../../src/report/ratios.js";
import { verdictLines } from "../../src/report/verdict.js";
import { complete, failed, pruned, queued } from "./trials.js";

const usual = [
  complete(1, 1, 2.5, { warmup_ratio: 0 }),
  complete(2, 1, 2.7, { warmup_ratio: 0.1 }),
  complete(3, 10, 2.0, { warmup_ratio: 0 }),
  complete(4, 10, 2.4, { warmup_ratio: 0.1 }),
  complete(5, 100, 3.0, { warmup_ratio: 0 }),
  failed(6, 100),
];

test("each ratio has its counts, its best and mean value, and its difference to the best of ratio 1", () => {
  const { rows, best, one } = compareRatios(usual, "minimize");
  expect(rows.map(({ ratio, trials, complete, diverged }) => [ratio, trials, complete, diverged])).toEqual([
    [1, 2, 2, 0],
    [10, 2, 2, 0],
    [100, 2, 1, 1],
  ]);
  expect(rows.map(({ best }) => best?.number)).toEqual([1, 3, 5]);
  expect(rows.map(({ mean }) => mean)).toEqual([2.6, 2.2, 3.0]);
  expect(rows.map(({ againstOne }) => againstOne)).toEqual([0, -0.5, 0.5]);
  expect([best?.ratio, one?.ratio]).toEqual([10, 1]);
});

test("a metric to maximize has the highest value as its best", () => {
  const { best, rows } = compareRatios(usual, "maximize");
  expect(best?.ratio).toBe(100);
  expect(rows[0]?.best?.number).toBe(2);
});

test("ratios that differ by rounding alone are one ratio", () => {
  const third = { ...complete(1, 3, 2), rates: { base_lr: 1e-4, lr_ratio: 3.0000000000000004, intro_lr: 3e-4 } };
  expect(compareRatios([third, complete(2, 3, 2.2)], "minimize").rows).toHaveLength(1);
});

test("pruned trials and failures other than divergence are counted apart, and nothing of them is averaged", () => {
  const [row] = compareRatios([pruned(1, 10), failed(2, 10, "crashed"), queued(3, 10)], "minimize").rows;
  expect(row).toMatchObject({ trials: 3, complete: 0, pruned: 1, broken: 1, diverged: 0 });
  expect([row?.best, row?.mean, row?.againstOne]).toEqual([undefined, undefined, undefined]);
});

test.each([
  ["lowest", [complete(1, 1, 1), complete(2, 10, 2)]],
  ["highest", [complete(1, 1, 2), complete(2, 10, 1)]],
  [undefined, [complete(1, 1, 2), complete(2, 10, 1), failed(3, 100)]],
  [undefined, [complete(1, 10, 2)]],
] as const)("the best ratio's edge is %s", (edge, trials) => {
  expect(compareRatios(trials, "minimize").edge).toBe(edge);
});

test("the verdict names the best ratio, its gain over a single rate, and what one seed and one base_lr cannot show", () => {
  expect(verdictLines(compareRatios(usual, "minimize"), "loss")).toEqual([
    "best ratio 10x: loss 2.000 (trial 3)",
    "against 1x (trial 1, 2.500): -0.5000, better than a single learning rate",
    "base_lr was 1.0e-4 throughout: at another base_lr another ratio may be best",
    "n = 1 seed: how much of a difference is chance is not known, and the ranking has no interval",
  ]);
});

test("the verdict asks for a wider range at an edge, and for ratio 1 where it is missing", () => {
  const trials = [complete(1, 10, 2.2), complete(2, 100, 2.1, { base_lr: 1e-5 })];
  const text = verdictLines(compareRatios(trials, "minimize"), "loss").join("\n");
  expect(text).toContain("the highest of 2 ratios: widen the range, e.g. with 300 and 1000");
  expect(text).toContain("ratio 1 was not tried: add 1");
  expect(text).toContain("base_lr took 2 values");
});

test("the verdict does not call ratio 1 better than itself, nor a comparison with a diverged one a difference", () => {
  const first = verdictLines(compareRatios([complete(1, 1, 1), complete(2, 10, 2)], "minimize"), "loss");
  expect(first).toContain("no ratio was better than 1x, a single learning rate");
  const second = verdictLines(compareRatios([failed(1, 1), complete(2, 10, 2)], "minimize"), "loss");
  expect(second).toContain("ratio 1 has no complete trial (diverged: 1 of 1)");
});

test("without a complete trial there is no verdict", () => {
  expect(verdictLines(compareRatios([failed(1, 1)], "minimize"), "loss")).toEqual([
    "no trial is complete, so no ratio can be compared yet",
  ]);
});

describe("drawn ratios", () => {
  const drawn = [
    complete(1, 0.8, 2.5),
    complete(2, 1.7, 2.6),
    complete(3, 7.5, 2.0),
    complete(4, 12, 2.2),
    complete(5, 400, 3.0),
  ];

  test("are compared by half decades around powers of the square root of 10", () => {
    const { rows, best, one } = compareRatios(drawn, "minimize", "half-decades");
    expect(rows.map(({ ratio, trials }) => [ratio, trials])).toEqual([
      [1, 2],
      [10, 2],
      [316.227766017, 1],
    ]);
    expect(one?.range?.from).toBeCloseTo(0.5623, 4);
    expect(one?.range?.to).toBeCloseTo(1.7783, 4);
    expect([best?.best?.number, one?.best?.number, best?.againstOne]).toEqual([3, 1, -0.5]);
  });

  test("have a verdict of the best trial's own ratio, its range, and the range around 1", () => {
    expect(verdictLines(compareRatios(drawn, "minimize", "half-decades"), "loss").slice(0, 2)).toEqual([
      "best ratio 7.5x: loss 2.000 (trial 3; of 2 trials at 5.62x-17.8x)",
      "against ratios about 1x (0.562x-1.78x) (trial 1, 2.500): -0.5000, better than a single learning rate",
    ]);
  });

  test("may lack a ratio about 1, and their best range may be at the edge", () => {
    const text = verdictLines(compareRatios(drawn.slice(2), "minimize", "half-decades"), "loss").join("\n");
    expect(text).toContain("no ratio about 1 was tried: have the range of lr_ratio include 1");
    expect(text).toContain("this is the lowest of 2 ranges: widen lr_ratio's range, e.g. to 1");
  });

  const range = { kind: "log_uniform_values", min: 1e-5, max: 1e-3 } as const;
  test.each([
    [
      "equal",
      [
        { name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10] } },
        { name: "base_lr", distribution: range },
      ],
    ],
    ["half-decades", [{ name: "lr_ratio", distribution: range }]],
    ["half-decades", [{ name: "intro_lr", distribution: range }]],
    [
      "equal",
      [
        { name: "weight_decay", distribution: range },
        { name: "base_lr", distribution: { kind: "constant", value: 1 } },
      ],
    ],
  ] as const)("are told from listed ones by the space: %s", (grouping, space) => {
    expect(groupingOf(space)).toBe(grouping);
  });
});

test("with several seeds a ratio's best is its best mean, and the verdict says how sure it is", () => {
  const seeds = (first: number, ratio: number, values: readonly number[]) =>
    values.map((value, replicate) => ({ ...complete(first + replicate, ratio, value), replicate }));
  const lucky = complete(1, 100, 1.0);
  const trials = [lucky, ...seeds(2, 10, [2, 2.1, 1.9]), ...seeds(5, 1, [2.5, 2.6, 2.5])];
  const comparison = compareRatios(trials, "minimize");
  expect(comparison.best).toMatchObject({ ratio: 10, complete: 3, mean: 2, best: { value: 2, number: 2 } });
  const lines = verdictLines(comparison, "loss", certaintyOf(trials, "minimize", 0));
  expect(lines[0]).toBe("best ratio 10x: loss 2.000 ± 0.058 (trial 2, the mean of 3 seeds)");
  expect(lines[1]).toBe("against 1x (trial 5, 2.533): -0.5333, better than a single learning rate");
  expect(lines.at(-2)).toMatch(
    /^to be the best of the 2 that ran on the same 3 seeds: trial 2 over 99 %, trial 5 \(1x\) under 1 %$/,
  );
  // Differences -0.5, -0.5, -0.6: standard error 0.0333; t(0.975, 2) = 4.303.
  expect(lines.at(-1)).toBe(
    "against trial 5 (ratio 1) seed by seed: -0.5333 ± 0.033, 95 % interval -0.6768 to -0.3899 (n = 3, Student's t)",
  );
  const without = trials.filter(({ rates }) => rates.lr_ratio !== 1);
  const alone = verdictLines(compareRatios(without, "minimize"), "loss", certaintyOf(without, "minimize", 0));
  expect(alone.at(-1)).toBe("no configuration at ratio 1 ran on two of these seeds, so no paired difference is given");
});
