// Configurations that a person wants to see first: whether they are points of the space.
import { quantile, unitOf } from "./distributions.js";
import { type Distribution, type Parameters, type Space, sizeOf, type Value, valuesOf } from "./space.js";

/** The first thing that keeps `given` from being a point of the space, in words; undefined where it is one. */
export function enqueuedProblem(space: Space, given: Parameters): string | undefined {
  const unknown = Object.keys(given).find((name) => !space.some((parameter) => parameter.name === name));
  if (unknown !== undefined) return `${unknown} is not searched`;
  const missing = space.find(({ name, distribution }) => sizeOf(distribution) > 1 && given[name] === undefined);
  if (missing) return `${missing.name} is missing; a configuration has a value for every searched parameter`;
  const outside = space.find(({ name, distribution }) => {
    const value = given[name];
    return value !== undefined && !holds(distribution, value);
  });
  return outside && `${outside.name} cannot be ${JSON.stringify(given[outside.name])} in this sweep`;
}

/** Rounding between a value and its place in the range. */
const TOLERANCE = 1e-9;

function holds(distribution: Distribution, value: Value): boolean {
  const values = valuesOf(distribution);
  if (values) return values.includes(value);
  if (typeof value !== "number" || distribution.kind === "constant" || distribution.kind === "categorical")
    return false;
  // A place beyond the range's ends, or between two multiples of q, leads back to another value.
  const back = Number(quantile(distribution, Math.min(unitOf(distribution, value), 1 - 2 ** -53)));
  return Math.abs(back - value) <= TOLERANCE * Math.abs(value);
}

/** A point of the space in its order, parameters with a single value filled in. */
export function enqueuedPoint(space: Space, given: Parameters): Parameters {
  return Object.fromEntries(space.map(({ name, distribution }) => [name, given[name] ?? quantile(distribution, 0)]));
}
