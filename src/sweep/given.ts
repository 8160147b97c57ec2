// What a sweep file gives for a parameter: where it stands, and which values it may take.
import { PARAMETER_NAMES, PARAMETERS, type ParameterName, type ParameterSpec } from "./parameters.js";
import type { SweepInput } from "./schema.js";
import { distributionOf, rangeOf } from "./searched.js";
import type { Path } from "./source.js";
import type { Distribution, Parameters, Value } from "./space.js";

const SPECS: Readonly<Record<ParameterName, ParameterSpec>> = PARAMETERS;

/** Where a parameter's fixed value stands, if it has one. */
export function fixedAt(input: SweepInput, name: ParameterName): Path | undefined {
  const { section } = SPECS[name];
  const fixed: Readonly<Record<string, unknown>> = input[section];
  return fixed[name] === undefined ? undefined : [section, name];
}

/** Where a parameter is fixed or searched. */
export function givenAt(input: SweepInput, name: ParameterName): Path | undefined {
  return input.parameters[name] === undefined ? fixedAt(input, name) : ["parameters", name];
}

/** Every value that a parameter may take in the sweep; of a range, its ends. */
export function possibleValues(input: SweepInput, name: ParameterName): readonly Value[] {
  const searched = input.parameters[name];
  if (searched) return endsOf(distributionOf(searched, SPECS[name].domain));
  const fixed: Readonly<Record<string, unknown>> = input[SPECS[name].section];
  if (fixed[name] !== undefined) return [fixed[name] as Value];
  const fallback = SPECS[name].default;
  if (fallback === "none") return [];
  return "value" in fallback ? [fallback.value] : possibleValues(input, fallback.sameAs as ParameterName);
}

function endsOf(distribution: Distribution): readonly Value[] {
  if (distribution.kind === "constant") return [distribution.value];
  return distribution.kind === "categorical" ? distribution.values : rangeOf(distribution);
}

/** The fixed values of parameters. */
export function fixedOf(input: SweepInput): Parameters {
  const sections: Readonly<Record<string, unknown>> = { ...input.trainer, ...input.introduced_tokens };
  const given = PARAMETER_NAMES.filter((name) => sections[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, sections[name] as Value]));
}
