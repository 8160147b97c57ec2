import { expect, test } from "vitest";
import { decode, dimensionsOf, encode } from "../../src/planner/dimensions.js";
import { cubePoint, type Space } from "../../src/sweep/space.js";

const space: Space = [
  { name: "uniform", distribution: { kind: "uniform", min: -1, max: 3 } },
  { name: "q_uniform", distribution: { kind: "q_uniform", min: 0, max: 1, q: 0.1 } },
  { name: "int_uniform", distribution: { kind: "int_uniform", min: 2, max: 9 } },
  { name: "log_uniform", distribution: { kind: "log_uniform", min: -9, max: -2 } },
  { name: "log_values", distribution: { kind: "log_uniform_values", min: 1e-6, max: 1e-2 } },
  { name: "q_log_values", distribution: { kind: "q_log_uniform_values", min: 8, max: 256, q: 8 } },
  { name: "inv_log", distribution: { kind: "inv_log_uniform_values", min: 1, max: 100 } },
  { name: "normal", distribution: { kind: "normal", mu: 1, sigma: 2, least: 0 } },
  { name: "q_log_normal", distribution: { kind: "q_log_normal", mu: 1, sigma: 1, q: 0.5 } },
  { name: "category", distribution: { kind: "categorical", values: ["a", "b", "c"] } },
  { name: "ordered", distribution: { kind: "categorical", values: [100, 1, 10] } },
  { name: "fixed", distribution: { kind: "constant", value: "only" } },
  { name: "q_log", distribution: { kind: "q_log_uniform", min: 2, max: 6, q: 8 } },
  { name: "inverse", distribution: { kind: "inv_log_uniform", min: 2, max: 6 } },
];
const dimensions = dimensionsOf(space);

test.each([0, 0.03, 0.31, 0.5, 0.77, 0.99])("a point comes back from its coordinates (%d of each range)", (u) => {
  const point = cubePoint(space, () => u);
  const back = decode(space, dimensions, encode(dimensions, point));
  for (const [name, value] of Object.entries(point)) {
    // Logarithms and the normal distribution's probabilities have about twelve digits.
    if (typeof value === "number") expect(back[name], name).toBeCloseTo(value, 8);
    else expect(back[name], name).toBe(value);
  }
});

test("coordinates lie in the unit interval, categories aside", () => {
  const x = encode(
    dimensions,
    cubePoint(space, () => 0.999),
  );
  dimensions.forEach(({ kind }, k) => {
    if (kind === "number") expect(x[k]).toBeLessThanOrEqual(1);
  });
});

test("a list of numbers is in order, on a logarithmic scale where it spans decades; other lists are categories", () => {
  const at = (ordered: number) => encode(dimensions, { ...cubePoint(space, () => 0), ordered })[10];
  expect(at(1)).toBe(0);
  expect(at(10)).toBeCloseTo(0.5, 12);
  expect(at(100)).toBe(1);
  expect(dimensions.map(({ kind }) => kind).filter((kind) => kind === "category")).toEqual(["category"]);
});

test("what rounds to one value has one coordinate", () => {
  const at = (u: number) =>
    encode(
      dimensions,
      cubePoint(space, () => u),
    )[2];
  expect(at(0.01)).toBe(at(0.12));
  expect(at(0.01)).not.toBe(at(0.13));
});

test("a parameter with a single value has no dimension, and comes back", () => {
  expect(dimensions.map(({ name }) => name)).not.toContain("fixed");
  expect(
    decode(
      space,
      dimensions,
      encode(
        dimensions,
        cubePoint(space, () => 0),
      ),
    ).fixed,
  ).toBe("only");
});
