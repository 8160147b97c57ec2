// What can be asked of the parameters: their names, those of token groups included, their values and defaults.
import { DualrateError } from "../errors.js";
import { NOT_NEGATIVE, PARAMETERS, type ParameterSpec, type ScheduleType } from "./parameter-table.js";
import type { Parameters, Value } from "./space.js";

export * from "./parameter-table.js";

export type ParameterName = keyof typeof PARAMETERS;

/** What follows a group's name in the names of its parameters; `head_lr_ratio` and the like are in the table. */
export const GROUP_SUFFIXES = [
  "lr_ratio",
  "lr_scheduler_type",
  "warmup_ratio",
  "start_factor",
  "delay_ratio",
  "weight_decay",
] as const;

export type GroupSuffix = (typeof GROUP_SUFFIXES)[number];

/** A parameter of a token group, such as `special_lr_ratio`; its group is one of the sweep's token_groups. */
export type GroupParameterName = `${string}_${GroupSuffix}`;

export type AnyParameterName = ParameterName | GroupParameterName;

/** The type of a parameter's values: its choices, or number. */
export type ParameterValue<Name extends AnyParameterName> = Name extends ParameterName
  ? (typeof PARAMETERS)[Name]["domain"] extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : number
  : Name extends `${string}_lr_scheduler_type`
    ? ScheduleType
    : number;

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as readonly ParameterName[];

/** The three names of which a sweep gives exactly two. */
export const RATE_NAMES = ["base_lr", "lr_ratio", "intro_lr"] as const satisfies readonly ParameterName[];

/** The group and the suffix of a name such as `special_lr_ratio`, a parameter of the table or not; undefined for any other. */
export function splitGroupName(name: string): { readonly group: string; readonly suffix: GroupSuffix } | undefined {
  const suffix = GROUP_SUFFIXES.find((suffix) => name.endsWith(`_${suffix}`));
  return suffix && { group: name.slice(0, -suffix.length - 1), suffix };
}

/** Whether a sweep can have a parameter of this name, given the token groups for it. */
export function isParameterName(name: string): name is AnyParameterName {
  return Object.hasOwn(PARAMETERS, name) || splitGroupName(name) !== undefined;
}

/** A token group has the head's parameters under names of its own, and may have the rate 0. */
export function parameterSpec(name: AnyParameterName): ParameterSpec {
  if (Object.hasOwn(PARAMETERS, name)) return PARAMETERS[name as ParameterName];
  const split = splitGroupName(name);
  if (!split) throw new DualrateError("internal", `${name} is no parameter`);
  const spec = PARAMETERS[`head_${split.suffix}`];
  const domain = split.suffix === "lr_ratio" ? NOT_NEGATIVE : spec.domain;
  return { ...spec, domain, description: `As head_${split.suffix}, for the tokens of token_groups.${split.group}.` };
}

/** All parameters of a sweep with these token groups. */
export function parameterNames(tokenGroups: readonly string[]): readonly AnyParameterName[] {
  const own = tokenGroups.flatMap((group) => GROUP_SUFFIXES.map((suffix) => `${group}_${suffix}` as const));
  return [...PARAMETER_NAMES, ...own];
}

/**
 * A parameter's value: as given, else its default. The values must have passed the sweep file's checks.
 * Throws for a parameter without either; for the three rates use `resolveRates`.
 */
export function parameterValue<Name extends AnyParameterName>(
  parameters: Parameters,
  name: Name,
): ParameterValue<Name> {
  const given = parameters[name];
  if (given !== undefined) return given as ParameterValue<Name>;
  const fallback = parameterSpec(name).default;
  if (fallback === "none") throw new DualrateError("internal", `the parameter ${name} has no value and no default`);
  if ("sameAs" in fallback) return parameterValue(parameters, fallback.sameAs as Name);
  return fallback.value as ParameterValue<Name>;
}

/** Whether an optimizer, one of the values of `optim`, uses the parameter. */
export function isUsedBy(optim: Value, name: AnyParameterName): boolean {
  const { optimizers } = parameterSpec(name);
  return optimizers === undefined || optimizers.includes(String(optim));
}
