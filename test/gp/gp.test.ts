import { expect, test } from "vitest";
import { fitHyperparameters, GaussianProcess } from "../../src/gp/gp.js";
import { LEAST_NOISE } from "../../src/gp/kernel.js";
import { Random } from "../../src/random.js";
import { golden, observations } from "./golden.js";

const process = new GaussianProcess(observations, golden.process.hyperparameters);
const points = golden.process.at.map((x) => Float64Array.from(x));

test("the posterior is that of numpy's dense solves", () => {
  points.forEach((x, i) => {
    // The condition of K is about 1e3, which leaves twelve of a double's digits.
    expect(process.at(x).mean).toBeCloseTo(golden.process.mean[i] as number, 10);
    expect(process.at(x).deviation).toBeCloseTo(golden.process.deviation[i] as number, 10);
    expect(process.mean(x)).toBeCloseTo(golden.process.mean[i] as number, 10);
  });
});

const contenders = [3, 0, 5];
const lookahead = process.lookahead(contenders);

test("looking ahead says by how much one more value would change the means", () => {
  const { noise } = golden.process.hyperparameters;
  const rows = contenders.map((i) => observations.x.slice(3 * i, 3 * i + 3));
  for (const x of points) {
    const { mean, change, changes } = lookahead(x);
    const surprise = Math.sqrt(process.at(x).deviation ** 2 + noise + LEAST_NOISE);
    const seen = new GaussianProcess(
      {
        kinds: observations.kinds,
        x: Float64Array.from([...observations.x, ...x]),
        y: Float64Array.from([...observations.y, mean + surprise]),
      },
      golden.process.hyperparameters,
    );
    // The condition of K is about 1e3, which leaves twelve of a double's digits.
    expect(mean).toBeCloseTo(process.mean(x), 10);
    expect(change).toBeCloseTo(seen.mean(x) - mean, 10);
    rows.forEach((row, i) => {
      expect(changes[i]).toBeCloseTo(seen.mean(row) - process.mean(row), 10);
    });
  }
});

test("the gradient of what is looked ahead to is its finite difference, and zero along a category", () => {
  const random = new Random(1);
  const by = {
    mean: random.normal(),
    change: random.normal(),
    changes: Float64Array.from(contenders, () => random.normal()),
  };
  const weighted = (x: Float64Array) => {
    const { mean, change, changes } = lookahead(x);
    return by.mean * mean + by.change * change + changes.reduce((sum, each, i) => sum + each * (by.changes[i] ?? 0), 0);
  };
  const step = 1e-6;
  for (const x of points) {
    const gradient = lookahead(x).gradient(by);
    for (const k of [0, 1]) {
      const [up, down] = [step, -step].map((move) => weighted(x.map((c, i) => (i === k ? c + move : c))));
      // Central differences of step h err by h^2 and by 1e-16 / h.
      expect(gradient[k]).toBeCloseTo(((up ?? 0) - (down ?? 0)) / (2 * step), 5);
    }
    expect(gradient[2]).toBe(0);
  }
});

test("near an observation the posterior is sure of it, far away it knows only the scale", () => {
  const [first] = golden.process.x;
  expect(process.at(Float64Array.from(first ?? [])).deviation).toBeLessThan(0.15);
  expect(process.at(Float64Array.of(50, 50, 0)).deviation).toBeCloseTo(Math.sqrt(1.7), 10);
});

test("a fit finds which coordinate matters, and how much of the targets is noise", () => {
  const random = new Random(3);
  const n = 60;
  const x = Float64Array.from({ length: 2 * n }, () => random.uniform());
  const y = Float64Array.from(
    { length: n },
    (_, i) => Math.sin(7 * (x[2 * i] as number)) * 1.4 + 0.3 * random.normal(),
  );
  const { lengthscales, noise } = fitHyperparameters({ kinds: ["number", "number"], x, y }, 1);
  expect((lengthscales[1] as number) / (lengthscales[0] as number)).toBeGreaterThan(3);
  // The noise's variance is 0.09; a deviation estimated from 60 values is right to a tenth.
  expect(noise).toBeGreaterThan(0.04);
  expect(noise).toBeLessThan(0.16);
});

test("the mean of several values tells as much as they do one by one", () => {
  const hyperparameters = { lengthscales: [0.3], scale: 1.2, noise: 0.2 };
  const kinds = ["number"] as const;
  const single = new GaussianProcess(
    { kinds, x: Float64Array.of(0.1, 0.1, 0.1, 0.8), y: Float64Array.of(0.5, 0.2, 0.8, -1) },
    hyperparameters,
  );
  const folded = new GaussianProcess(
    { kinds, x: Float64Array.of(0.1, 0.8), y: Float64Array.of(0.5, -1), averaged: Float64Array.of(3, 1) },
    hyperparameters,
  );
  for (const x of [0, 0.1, 0.4, 0.8]) {
    const [one, other] = [single, folded].map((each) => each.at(Float64Array.of(x)));
    // LEAST_NOISE, 1e-6, is added once or three times.
    expect(other?.mean).toBeCloseTo(one?.mean ?? Number.NaN, 5);
    expect(other?.deviation).toBeCloseTo(one?.deviation ?? Number.NaN, 5);
  }
});
