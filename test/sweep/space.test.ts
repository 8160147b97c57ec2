import { describe, expect, test } from "vitest";
import {
  createInside,
  cubePoint,
  type Distribution,
  gridIndexer,
  gridPoint,
  gridSize,
  type Space,
  type Value,
  valuesOf,
} from "../../src/sweep/space.js";

const space: Space = [
  { name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10, 100] } },
  { name: "lr_scheduler_type", distribution: { kind: "constant", value: "linear" } },
  { name: "warmup_ratio", distribution: { kind: "categorical", values: [0, 0.1] } },
];

function points(of: Space) {
  return Array.from({ length: gridSize(of) }, (_, index) => gridPoint(of, index));
}

describe("the grid", () => {
  test("has the product of the values as its size", () => {
    expect(gridSize(space)).toBe(6);
    expect(gridSize([])).toBe(1);
  });

  test("varies the first parameter slowest and names parameters in the file's order", () => {
    expect(points(space).map(({ lr_ratio, warmup_ratio }) => [lr_ratio, warmup_ratio])).toEqual([
      [1, 0],
      [1, 0.1],
      [10, 0],
      [10, 0.1],
      [100, 0],
      [100, 0.1],
    ]);
    expect(Object.keys(gridPoint(space, 0))).toEqual(["lr_ratio", "lr_scheduler_type", "warmup_ratio"]);
  });

  test.each([[[1]], [[2, 3]], [[3, 1, 4]], [[2, 2, 2, 5]]])("of sizes %j has every combination once", (sizes) => {
    const made: Space = sizes.map((size, i) => ({
      name: `p${i}`,
      distribution: { kind: "categorical", values: Array.from({ length: size }, (_, v) => v) },
    }));
    const seen = points(made).map((point) => JSON.stringify(point));
    expect(new Set(seen).size).toBe(sizes.reduce((a, b) => a * b));
    for (const [i, { distribution }] of made.entries()) {
      for (const value of valuesOf(distribution) ?? [])
        expect(seen.some((point) => point.includes(`"p${i}":${value}`))).toBe(true);
    }
  });

  test("of a range has no end and no points", () => {
    const range: Space = [{ name: "lr_ratio", distribution: { kind: "uniform", min: 1, max: 2 } }];
    expect(gridSize(range)).toBe(Number.POSITIVE_INFINITY);
    expect(() => gridPoint(range, 0)).toThrow(/need lists of values/);
  });

  test("of nothing has one empty point", () => {
    expect(gridPoint([], 0)).toEqual({});
  });

  test.each([-1, 6, 0.5, Number.NaN])("has no point %d", (index) => {
    expect(() => gridPoint(space, index)).toThrow(/integer in \[0, 6\)/);
  });
});

test("gridIndexer leads back from every point, and from no other", () => {
  const indexOf = gridIndexer(space);
  expect(points(space).map(indexOf)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(indexOf({ lr_ratio: 3, lr_scheduler_type: "linear", warmup_ratio: 0 })).toBeUndefined();
  expect(indexOf({ lr_ratio: 1, lr_scheduler_type: "linear" })).toBeUndefined();
});

describe("createInside", () => {
  test.each<[string, Distribution, readonly Value[], readonly Value[]]>([
    ["a list", { kind: "categorical", values: [1, "a"] }, [1, "a"], [2, "b"]],
    ["a value", { kind: "constant", value: 3 }, [3], [4]],
    ["a range", { kind: "log_uniform_values", min: 0.1, max: 10 }, [0.1, 3, 10], [0.09, 11, "a"]],
    ["a range of logarithms", { kind: "log_uniform", min: 0, max: 1 }, [1, 2, Math.E], [0.9, 3]],
    ["a falling range", { kind: "inv_log_uniform_values", min: 2, max: 5 }, [2, 5], [1, 6]],
    ["integers", { kind: "int_uniform", min: 1, max: 3 }, [1, 3], [0, 4, 1.5]],
    ["a truncated normal", { kind: "normal", mu: 0, sigma: 1, least: 0 }, [0, 7], [-1]],
  ])("knows what %s holds", (_, distribution, inside, outside) => {
    const isInside = createInside([{ name: "p", distribution }]);
    expect(inside.map((p) => isInside({ p }))).toEqual(inside.map(() => true));
    expect(outside.map((p) => isInside({ p }))).toEqual(outside.map(() => false));
    expect(isInside({})).toBe(false);
  });

  test("holds whatever is drawn, up to the ends", () => {
    const kinds = ["uniform", "log_uniform", "inv_log_uniform", "log_uniform_values", "q_uniform"] as const;
    const drawn: Space = kinds.map((kind, i) => ({ name: `p${i}`, distribution: { kind, min: 0.3, max: 3.1 } }));
    const isInside = createInside(drawn);
    for (const u of [0, 0.2, 1 - 2 ** -53]) expect(isInside(cubePoint(drawn, () => u))).toBe(true);
  });
});
