// A search space as the Gaussian process sees it: one coordinate a searched parameter.
// A range's coordinate is its place in the unit cube, after rounding where the distribution rounds (Garrido-Merchán and
// Hernández-Lobato, 2020); a list of numbers is ordered, by logarithm where it spans a decade; any other list is a category.
import type { CoordinateKind } from "../gp/kernel.js";
import { quantile, unitOf } from "../sweep/distributions.js";
import { type Distribution, type Parameters, type Space, sizeOf, type Value } from "../sweep/space.js";

/** A value of a list, and where it is. */
export interface Level {
  readonly value: Value;
  readonly coordinate: number;
}

export type Dimension = { readonly name: string; readonly kind: CoordinateKind } & (
  | {
      readonly levels: readonly Level[];
      /** The coordinate of any number, of a list of numbers. */
      readonly place?: (value: number) => number;
    }
  | { readonly range: Extract<Distribution, { readonly min: number } | { readonly mu: number }> }
);

/** The searched parameters; one with a single value has no dimension. */
export function dimensionsOf(space: Space): readonly Dimension[] {
  return space.flatMap(({ name, distribution }): Dimension[] => {
    if (distribution.kind === "constant" || sizeOf(distribution) === 1) return [];
    if (distribution.kind !== "categorical") return [{ name, kind: "number", range: distribution }];
    return [{ name, ...levelsOf(distribution.values) }];
  });
}

function levelsOf(
  values: readonly Value[],
): Pick<Extract<Dimension, { levels: unknown }>, "kind" | "levels" | "place"> {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.length) {
    return { kind: "category", levels: values.map((value, coordinate) => ({ value, coordinate })) };
  }
  const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)];
  const scale = least > 0 && greatest / least >= 10 ? Math.log : (value: number) => value;
  const place = (value: number) => (scale(value) - scale(least)) / (scale(greatest) - scale(least));
  return { kind: "number", levels: numbers.map((value) => ({ value, coordinate: place(value) })), place };
}

/** The coordinates [d] of a point of the space, or between the values of its lists. */
export function encode(dimensions: readonly Dimension[], parameters: Parameters): Float64Array {
  return Float64Array.from(dimensions, (dimension) => {
    const value = parameters[dimension.name] as Value;
    if ("range" in dimension) return unitOf(dimension.range, Number(value));
    if (dimension.place && typeof value === "number") return dimension.place(value);
    return dimension.levels.find((level) => level.value === value)?.coordinate ?? 0;
  });
}

/** The point of the space nearest to coordinates x [d]; parameters with a single value have it. */
export function decode(space: Space, dimensions: readonly Dimension[], x: Float64Array): Parameters {
  const searched = new Map(dimensions.map((dimension, k) => [dimension.name, valueAt(dimension, x[k] as number)]));
  return Object.fromEntries(
    space.map(({ name, distribution }) => [name, searched.get(name) ?? quantile(distribution, 0)]),
  );
}

/** Just below 1, where quantiles end. */
const LAST = 1 - 2 ** -53;

function valueAt(dimension: Dimension, coordinate: number): Value {
  if ("range" in dimension) return quantile(dimension.range, Math.min(Math.max(coordinate, 0), LAST));
  const distance = (level: Level) => Math.abs(level.coordinate - coordinate);
  return dimension.levels.reduce((a, b) => (distance(b) < distance(a) ? b : a)).value;
}
