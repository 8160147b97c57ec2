import { expect, test } from "vitest";
import { factorize, inverse, solveLower, solveUpper } from "../../src/gp/cholesky.js";

// A = B B^T + I of a fixed B; seven rows, so that the sums' blocks of four have rests.
const n = 7;
const b = (i: number, k: number) => Math.sin(1 + 3 * i + 5 * k);
const entry = (i: number, j: number) => {
  return Array.from({ length: n }, (_, k) => b(i, k) * b(j, k)).reduce((sum, x) => sum + x, i === j ? 1 : 0);
};
const a = Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
const right = Float64Array.from({ length: n }, (_, i) => i - 2.5);

function factor(): Float64Array {
  const l = Float64Array.from(a);
  expect(factorize(l, n)).toBe(true);
  return l;
}

test("both triangles' solves give the solution of A x = b", () => {
  const l = factor();
  const x = solveUpper(l, n, solveLower(l, n, right));
  for (let i = 0; i < n; i++) {
    const product = x.reduce((sum, component, j) => sum + entry(i, j) * component, 0);
    expect(product).toBeCloseTo(right[i] as number, 12);
  }
});

test("the inverse's lower triangle, mirrored, times A is the unit matrix", () => {
  const inverted = inverse(factor(), n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let product = 0;
      for (let k = 0; k < n; k++) product += (inverted[Math.max(i, k) * n + Math.min(i, k)] as number) * entry(k, j);
      expect(product).toBeCloseTo(i === j ? 1 : 0, 12);
    }
  }
});

test("a matrix that is not positive definite is told", () => {
  expect(factorize(Float64Array.of(1, 0, 2, 1), 2)).toBe(false);
});
