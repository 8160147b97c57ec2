import { describe, expect, test } from "vitest";
import { gridPoint, gridSize, type Space, valuesOf } from "../../src/sweep/space.js";

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
