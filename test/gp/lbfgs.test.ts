import { expect, test } from "vitest";
import { minimize } from "../../src/gp/lbfgs.js";

function rosenbrock(x: Float64Array, gradient: Float64Array): number {
  const [a, b] = [x[0] as number, x[1] as number];
  gradient[0] = -400 * a * (b - a * a) - 2 * (1 - a);
  gradient[1] = 200 * (b - a * a);
  return 100 * (b - a * a) ** 2 + (1 - a) ** 2;
}

const options = { lower: -5, upper: 5, iterations: 200, tolerance: 1e-8 };

test("finds the minimum of Rosenbrock's valley", () => {
  const { x, value } = minimize(rosenbrock, Float64Array.of(-1.2, 1), options);
  expect(value).toBeLessThan(1e-14);
  expect(x[0]).toBeCloseTo(1, 6);
  expect(x[1]).toBeCloseTo(1, 6);
});

test("stays within its bounds, and ends at the best point of the edge", () => {
  const { x } = minimize(rosenbrock, Float64Array.of(-1.2, -1), { ...options, upper: 0.5 });
  // With a <= 0.5 the valley's end is at b = a^2.
  expect(x[0]).toBe(0.5);
  expect(x[1]).toBeCloseTo(0.25, 6);
});

test("takes fewer evaluations than a descent along the gradient could", () => {
  let evaluations = 0;
  const counted = (x: Float64Array, gradient: Float64Array) => {
    evaluations++;
    return rosenbrock(x, gradient);
  };
  minimize(counted, Float64Array.of(-1.2, 1), options);
  // Steepest descent takes thousands on this function.
  expect(evaluations).toBeLessThan(100);
});

test("leaves out points of infinite value", () => {
  const wall = (x: Float64Array, gradient: Float64Array) => {
    gradient[0] = 2 * (x[0] as number);
    return (x[0] as number) < 1 ? Number.POSITIVE_INFINITY : (x[0] as number) ** 2;
  };
  const { x } = minimize(wall, Float64Array.of(3), options);
  expect(x[0]).toBeGreaterThanOrEqual(1);
  expect(x[0]).toBeLessThan(3);
});
