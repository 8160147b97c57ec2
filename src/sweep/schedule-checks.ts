// The rules between a sweep file's keys that learning-rate schedules bring: options that a schedule needs, options that
// none uses, and ramps that must fit.
import { givenAt, possibleValues } from "./given.js";
import {
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  type ParameterSpec,
  RATE_NAMES,
  type ScheduleType,
} from "./parameters.js";
import { type Problem, pathText, unused } from "./problems.js";
import { resolveRates } from "./resolve.js";
import type { SweepInput } from "./schema.js";
import type { Path } from "./source.js";

const SPECS: Readonly<Record<ParameterName, ParameterSpec>> = PARAMETERS;

/** What is wrong with the schedules of a sweep whose every parameter has values that it may have. */
export function checkSchedules(input: SweepInput): readonly Problem[] {
  return [
    ...checkIntroducedRamp(input),
    ...checkUnusedOptions(input),
    ...checkNeededOptions(input),
    ...groupsOf(input).flatMap((group) => [...checkOneCycle(input, group), ...checkStable(input, group)]),
    ...checkLrEnd(input),
  ];
}

/** The keys of one parameter group's schedule. */
interface Group {
  readonly type: ParameterName;
  readonly warmup: ParameterName;
  readonly delay?: ParameterName;
}

const BASE: Group = { type: "lr_scheduler_type", warmup: "warmup_ratio" };
const INTRODUCED: Group = {
  type: "introduced_lr_scheduler_type",
  warmup: "introduced_warmup_ratio",
  delay: "introduced_delay_ratio",
};

/** The groups with a schedule of their own: the introduced tokens' follows the base's where none of its keys is given. */
function groupsOf(input: SweepInput): readonly Group[] {
  const own = Object.values(INTRODUCED).some((name) => givenAt(input, name));
  return own ? [BASE, INTRODUCED] : [BASE];
}

function mayHave(input: SweepInput, group: Group, type: ScheduleType): boolean {
  return possibleValues(input, group.type).includes(type);
}

/** Where a group's schedule type stands, or that which it follows. */
function typeAt(input: SweepInput, group: Group): Path {
  return givenAt(input, group.type) ?? givenAt(input, BASE.type) ?? ["parameters"];
}

function greatest(input: SweepInput, name: ParameterName | undefined): number {
  return name === undefined ? 0 : Math.max(...possibleValues(input, name).map(Number));
}

function checkIntroducedRamp(input: SweepInput): readonly Problem[] {
  const warmups = possibleValues(input, "introduced_warmup_ratio").map(Number);
  return [
    ...checkStartFactor(input, warmups),
    ...checkPeak(input, Math.max(...warmups), greatest(input, "introduced_delay_ratio")),
  ];
}

function checkStartFactor(input: SweepInput, warmups: readonly number[]): readonly Problem[] {
  const path = givenAt(input, "introduced_start_factor");
  const below = possibleValues(input, "introduced_start_factor").some((factor) => Number(factor) < 1);
  if (!path || !below || !warmups.includes(0)) return [];
  const message = `${pathText(path)} below 1 needs a warmup to rise over, but introduced_warmup_ratio may be 0`;
  const hint = "Set introduced_warmup_ratio above 0, or leave introduced_start_factor out.";
  return [{ path, message, hint }];
}

function checkPeak(input: SweepInput, warmup: number, delay: number): readonly Problem[] {
  const path = givenAt(input, "introduced_delay_ratio");
  if (!path || warmup + delay < 1) return [];
  const message =
    `introduced_delay_ratio (up to ${delay}) and introduced_warmup_ratio (up to ${warmup}) must sum to less than 1, ` +
    "or the introduced tokens never reach their learning rate";
  return [{ path, message, hint: "Lower one of them." }];
}

/** Options that no schedule of the sweep uses. */
function checkUnusedOptions(input: SweepInput): readonly Problem[] {
  return PARAMETER_NAMES.flatMap((name) => {
    const { usedBy } = SPECS[name];
    if (!usedBy || usedBy.some((type) => groupsOf(input).some((group) => mayHave(input, group, type)))) return [];
    return unused(givenAt(input, name), `only ${usedBy.join(" and ")} use${usedBy.length === 1 ? "s" : ""} it`);
  });
}

/** Options without which Hugging Face refuses a schedule, too. */
const NEEDED = [
  { type: "cosine_with_min_lr", option: "min_lr_ratio", hint: "Set min_lr_ratio: 0.1, say; with 0 it is cosine." },
  { type: "warmup_stable_decay", option: "decay_ratio", hint: "Set decay_ratio: 0.2, say, a share of the steps." },
] as const;

function checkNeededOptions(input: SweepInput): readonly Problem[] {
  return NEEDED.flatMap(({ type, option, hint }) => {
    const group = groupsOf(input).find((group) => mayHave(input, group, type));
    if (!group || givenAt(input, option)) return [];
    const path = typeAt(input, group);
    return [{ path, message: `${pathText(path)} may be ${type}, which needs ${option}; it is not given`, hint }];
  });
}

function checkOneCycle(input: SweepInput, group: Group): readonly Problem[] {
  if (!mayHave(input, group, "one_cycle") || !possibleValues(input, group.warmup).includes(0)) return [];
  const path = typeAt(input, group);
  const message = `${pathText(path)} may be one_cycle, which needs a warmup to rise over, but ${group.warmup} may be 0`;
  return [{ path, message, hint: `Set ${group.warmup} to 0.3, which is PyTorch's pct_start.` }];
}

function checkStable(input: SweepInput, group: Group): readonly Problem[] {
  const path = givenAt(input, "decay_ratio");
  if (!path || !mayHave(input, group, "warmup_stable_decay")) return [];
  const names = [...(group.delay ? [group.delay] : []), group.warmup, "decay_ratio"] as const;
  const shares = names.map((name) => greatest(input, name));
  // Shares such as 0.1, 0.2 and 0.7 may sum to a rounding error more than 1.
  if (shares.reduce((a, b) => a + b) <= 1 + 1e-9) return [];
  const list = names.map((name, i) => `${name} (up to ${shares[i]})`).join(", ");
  const message = `for warmup_stable_decay ${list} must sum to at most 1, or they do not fit into the steps`;
  return [{ path, message, hint: "Lower one of them." }];
}

/** Whether polynomial would raise a learning rate, which transformers refuses, too. */
function checkLrEnd(input: SweepInput): readonly Problem[] {
  const group = groupsOf(input).find((group) => mayHave(input, group, "polynomial"));
  // Draws from a normal distribution have no lowest rate that is worth a refusal; each trial checks its own.
  if (!group || [...RATE_NAMES, "head_lr_ratio" as const, "lr_end" as const].some((name) => isNormal(input, name))) {
    return [];
  }
  const [end, lowest] = [greatest(input, "lr_end"), lowestRate(input)];
  if (end < lowest) return [];
  const path = givenAt(input, "lr_end") ?? typeAt(input, group);
  const message = `polynomial's lr_end (up to ${end}) must be less than every learning rate; the lowest is ${lowest}`;
  return [{ path, message, hint: "Lower lr_end, or raise the lowest learning rate." }];
}

function isNormal(input: SweepInput, name: ParameterName): boolean {
  return input.parameters[name]?.distribution?.endsWith("normal") ?? false;
}

/** The lowest peak learning rate of those groups that may have the polynomial schedule. */
function lowestRate(input: SweepInput): number {
  const [first = [], second = []] = RATE_NAMES.filter((name) => givenAt(input, name)).map((name) =>
    endsOf(input, name).map((value) => ({ [name]: value })),
  );
  const rates = first.flatMap((one) => second.map((other) => resolveRates({ ...one, ...other })));
  const heads = endsOf(input, "head_lr_ratio");
  return Math.min(
    ...(mayHave(input, BASE, "polynomial") ? rates.map(({ base_lr }) => base_lr * Math.min(1, ...heads)) : []),
    ...(mayHave(input, INTRODUCED, "polynomial") ? rates.map(({ intro_lr }) => intro_lr) : []),
  );
}

/** A numeric parameter's least and greatest value. */
function endsOf(input: SweepInput, name: ParameterName): readonly number[] {
  const values = possibleValues(input, name).map(Number);
  return [Math.min(...values), Math.max(...values)];
}
