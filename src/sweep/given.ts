// What a sweep file gives for a parameter: where it stands, and which values it may take.
import { type AnyParameterName, PARAMETER_NAMES, parameterNames, parameterSpec } from "./parameters.js";
import type { Searched, SweepInput } from "./schema.js";
import { distributionOf, rangeOf } from "./searched.js";
import type { Path } from "./source.js";
import type { Distribution, Parameters, Value } from "./space.js";

/** The parameters that a sweep may have: the table's, and those of its token groups. */
export function parameterNamesOf(input: SweepInput): readonly AnyParameterName[] {
  return parameterNames(Object.keys(input.token_groups ?? {}));
}

/** What is searched for a parameter, if anything is. */
export function searchedIn({ parameters }: SweepInput, name: AnyParameterName): Searched | undefined {
  return (parameters as Readonly<Record<string, Searched | undefined>>)[name];
}

/** Where a parameter's fixed value stands, if it has one. */
export function fixedAt(input: SweepInput, name: AnyParameterName): Path | undefined {
  const { section } = parameterSpec(name);
  const fixed: Readonly<Record<string, unknown>> = input[section];
  return fixed[name] === undefined ? undefined : [section, name];
}

/** Where a parameter is fixed or searched. */
export function givenAt(input: SweepInput, name: AnyParameterName): Path | undefined {
  return searchedIn(input, name) === undefined ? fixedAt(input, name) : ["parameters", name];
}

/** Every value that a parameter may take in the sweep; of a range, its ends. */
export function possibleValues(input: SweepInput, name: AnyParameterName): readonly Value[] {
  const searched = searchedIn(input, name);
  const { domain, section, default: fallback } = parameterSpec(name);
  if (searched) return endsOf(distributionOf(searched, domain));
  const fixed: Readonly<Record<string, unknown>> = input[section];
  if (fixed[name] !== undefined) return [fixed[name] as Value];
  if (fallback === "none") return [];
  return "value" in fallback ? [fallback.value] : possibleValues(input, fallback.sameAs as AnyParameterName);
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
