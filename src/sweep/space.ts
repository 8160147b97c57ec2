// The search space: named parameters, each with a distribution (W&B's syntax), the points of its grid and of its unit cube.
import { DualrateError } from "../errors.js";
import { type Distribution, endsOf, quantile, sizeOf, type Value, valuesOf } from "./distributions.js";

export { type Distribution, sizeOf, type Value, valuesOf } from "./distributions.js";

/** A trial's searched and fixed parameters by name, as the sweep file spells them. */
export type Parameters = Readonly<Record<string, Value>>;

export interface SpaceParameter {
  readonly name: string;
  readonly distribution: Distribution;
}

/** Parameters in the order of the sweep file; the first varies slowest in a grid. */
export type Space = readonly SpaceParameter[];

/** Points in the grid; 1 for an empty space, infinity where a distribution has no list of values. Exact up to 2^53. */
export function gridSize(space: Space): number {
  return space.reduce((size, { distribution }) => size * sizeOf(distribution), 1);
}

/** Point `index` of [0, gridSize(space)): the index's digits in mixed radix, the first parameter's the most significant. */
export function gridPoint(space: Space, index: number): Parameters {
  const size = gridSize(space);
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new DualrateError("internal", `a grid point's index must be an integer in [0, ${size}); got ${index}`);
  }
  if (size === Number.POSITIVE_INFINITY)
    throw new DualrateError("internal", "a grid's parameters need lists of values");
  let rest = index;
  const lastFirst = space.toReversed().map(({ name, distribution }) => {
    const values = valuesOf(distribution) ?? [];
    const value = values[rest % values.length] as Value;
    rest = Math.floor(rest / values.length);
    return [name, value] as const;
  });
  return Object.fromEntries(lastFirst.toReversed());
}

/** `gridPoint` backwards, for the points of a grid; undefined for any other. */
export function gridIndexer(space: Space): (parameters: Parameters) => number | undefined {
  const places = space.map(({ name, distribution }) => {
    const values = valuesOf(distribution) ?? [];
    return { name, size: values.length, places: new Map(values.map((value, place) => [value, place])) };
  });
  return (parameters) => {
    let index = 0;
    for (const { name, size, places: known } of places) {
      const place = known.get(parameters[name] as Value);
      if (place === undefined) return undefined;
      index = index * size + place;
    }
    return index;
  };
}

/** Whether each of the space's parameters has a value of its list or within its range: a range may have moved since. */
export function createInside(space: Space): (parameters: Parameters) => boolean {
  const holds = space.map(({ name, distribution }) => [name, holder(distribution)] as const);
  return (parameters) => holds.every(([name, isHeld]) => isHeld(parameters[name]));
}

function holder(distribution: Distribution): (value: Value | undefined) => boolean {
  const values = valuesOf(distribution);
  if (values) {
    const known = new Set<Value | undefined>(values);
    return (value) => known.has(value);
  }
  const [least, greatest] = endsOf(distribution);
  const slack = (end: number) => TOLERANCE * Math.abs(end);
  return (value) => {
    return typeof value === "number" && value >= least - slack(least) && value <= greatest + slack(greatest);
  };
}

/** Rounding between a value and the end of its range. */
const TOLERANCE = 1e-9;

/** The point whose coordinates in the unit cube are `unit(name)`, each in [0, 1). */
export function cubePoint(space: Space, unit: (name: string) => number): Parameters {
  return Object.fromEntries(space.map(({ name, distribution }) => [name, quantile(distribution, unit(name))]));
}
