import { expect, test } from "vitest";
import { negativeLogPosterior, type Observations, pairDeltas, priors } from "../../src/gp/kernel.js";
import { golden, observations } from "./golden.js";

const { lengthscales, scale, noise } = golden.process.hyperparameters;
const theta = Float64Array.of(...lengthscales, scale, noise).map(Math.log);
const deltas = pairDeltas(observations);
const averaged: Observations = { ...observations, averaged: Float64Array.from(observations.y, (_, i) => 1 + (i % 3)) };
const posteriorAt = (at: Float64Array, gradient = new Float64Array(5), of: Observations = observations) =>
  negativeLogPosterior(of, deltas, at, gradient);

test("the log posterior is scipy's log likelihood and the log-normal priors' densities", () => {
  const logPriors = priors(3).map(({ mu, sigma }, t) => {
    const log = theta[t] as number;
    return -log - (log - mu) ** 2 / (2 * sigma * sigma);
  });
  const constant = (9 / 2) * Math.log(2 * Math.PI);
  const expected = -golden.process.logLikelihood - constant - logPriors.reduce((a, b) => a + b, 0);
  expect(posteriorAt(theta)).toBeCloseTo(expected, 10);
});

test.each([observations, averaged])("its gradient is its finite differences, of single values and of means", (of) => {
  const gradient = new Float64Array(5);
  posteriorAt(theta, gradient, of);
  const step = 1e-5;
  gradient.forEach((slope, t) => {
    const moved = (by: number) =>
      posteriorAt(
        theta.map((value, i) => (i === t ? value + by : value)),
        undefined,
        of,
      );
    // Central differences of step h err by h^2 and by 1e-15 / h.
    expect(slope).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 6);
  });
});
