// The search space: named parameters, each with a distribution (W&B's syntax), and the points of its grid.
import { DualrateError } from "../errors.js";

/** What a parameter's value may be: plain JSON, so that a trial is plain data. */
export type Value = number | string | boolean;

/** A trial's searched and fixed parameters by name, as the sweep file spells them. */
export type Parameters = Readonly<Record<string, Value>>;

/** How a parameter's values are spread. More of W&B's distributions join this union as samplers need them. */
export type Distribution =
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "categorical"; readonly values: readonly Value[] };

export interface SpaceParameter {
  readonly name: string;
  readonly distribution: Distribution;
}

/** Parameters in the order of the sweep file; the first varies slowest in a grid. */
export type Space = readonly SpaceParameter[];

/** The values that a parameter can take, in the order of the sweep file. */
export function valuesOf(distribution: Distribution): readonly Value[] {
  return distribution.kind === "constant" ? [distribution.value] : distribution.values;
}

/** Points in the grid; 1 for an empty space. Exact up to 2^53. */
export function gridSize(space: Space): number {
  return space.reduce((size, { distribution }) => size * valuesOf(distribution).length, 1);
}

/** Point `index` of [0, gridSize(space)): the index's digits in mixed radix, the first parameter's the most significant. */
export function gridPoint(space: Space, index: number): Parameters {
  const size = gridSize(space);
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new DualrateError("internal", `a grid point's index must be an integer in [0, ${size}); got ${index}`);
  }
  let rest = index;
  const lastFirst = space.toReversed().map(({ name, distribution }) => {
    const values = valuesOf(distribution);
    const value = values[rest % values.length] as Value;
    rest = Math.floor(rest / values.length);
    return [name, value] as const;
  });
  return Object.fromEntries(lastFirst.toReversed());
}
