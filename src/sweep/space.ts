// The search space: named parameters, each with a distribution (W&B's syntax), and the points of its grid.

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
