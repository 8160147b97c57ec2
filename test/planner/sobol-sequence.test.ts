import { expect, test } from "vitest";
import { SOBOL_DIMENSIONS, scrambledSobol, sobol } from "../../src/planner/sobol-sequence.js";
import { golden } from "../gp/golden.js";

test("the first points are those of scipy.stats.qmc.Sobol", () => {
  golden.sobol.firstPoints.forEach((point, index) => {
    expect(point.map((_, dimension) => sobol(index, dimension))).toEqual(point);
  });
  expect(Array.from({ length: SOBOL_DIMENSIONS }, (_, dimension) => sobol(63, dimension))).toEqual(
    golden.sobol.point63,
  );
});

test.each([0, 1, 17, 31])(
  "scrambled, each of 64 points still has an interval of 1/64 to itself (dimension %d)",
  (d) => {
    const intervals = Array.from({ length: 64 }, (_, index) => Math.floor(64 * scrambledSobol(index, d, 99 + d)));
    expect(new Set(intervals).size).toBe(64);
  },
);

test("scrambled, pairs of dimensions keep their balance: one point in each of 4 x 4 squares", () => {
  for (const key of [1, 2, 3, 4, 5]) {
    const squares = Array.from({ length: 16 }, (_, index) => {
      const [x, y] = [scrambledSobol(index, 0, key), scrambledSobol(index, 1, key + 1000)];
      return 4 * Math.floor(4 * x) + Math.floor(4 * y);
    });
    expect(new Set(squares).size).toBe(16);
  }
});

test("another key gives other points", () => {
  expect(scrambledSobol(5, 0, 1)).not.toBe(scrambledSobol(5, 0, 2));
});
