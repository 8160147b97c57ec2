// The rules between a sweep file's keys that learning-rate schedules bring: options that a schedule needs, options that
// none uses, and ramps that must fit.
import { givenAt, parameterNamesOf, possibleValues, searchedIn } from "./given.js";
import { type AnyParameterName, parameterSpec, RATE_NAMES, type ScheduleType } from "./parameters.js";
import { type Problem, pathText, unused } from "./problems.js";
import { resolveRates } from "./resolve.js";
import type { SweepInput } from "./schema.js";
import type { Path } from "./source.js";

/** What is wrong with the schedules of a sweep whose every parameter has values that it may have. */
export function checkSchedules(input: SweepInput): readonly Problem[] {
  return [
    ...groupsOf(input).flatMap((group) => checkRamp(input, group)),
    ...checkUnusedOptions(input),
    ...checkNeededOptions(input),
    ...groupsOf(input).flatMap((group) => [...checkOneCycle(input, group), ...checkStable(input, group)]),
    ...checkLrEnd(input),
  ];
}

/** The keys of one parameter group's schedule. */
interface Group {
  readonly type: AnyParameterName;
  readonly warmup: AnyParameterName;
  /** Of every group but the base. */
  readonly own?: { readonly name: string; readonly start: AnyParameterName; readonly delay: AnyParameterName };
}

const BASE: Group = { type: "lr_scheduler_type", warmup: "warmup_ratio" };

function groupNamed(name: string): Group {
  const own = { name, start: `${name}_start_factor`, delay: `${name}_delay_ratio` } as const;
  return { type: `${name}_lr_scheduler_type`, warmup: `${name}_warmup_ratio`, own };
}

/** The groups with a schedule of their own: a group's follows the base's where none of its keys is given. */
function groupsOf(input: SweepInput): readonly Group[] {
  const others = ["head", "introduced", ...Object.keys(input.token_groups ?? {})].map(groupNamed);
  const hasOwn = ({ type, warmup, own }: Group) =>
    [type, warmup, own?.start, own?.delay].some((name) => name && givenAt(input, name));
  return [BASE, ...others.filter(hasOwn)];
}

function mayHave(input: SweepInput, group: Group, type: ScheduleType): boolean {
  return possibleValues(input, group.type).includes(type);
}

/** Where a group's schedule type stands, or that which it follows. */
function typeAt(input: SweepInput, group: Group): Path {
  return givenAt(input, group.type) ?? givenAt(input, BASE.type) ?? ["parameters"];
}

function greatest(input: SweepInput, name: AnyParameterName | undefined): number {
  return name === undefined ? 0 : Math.max(...possibleValues(input, name).map(Number));
}

function checkRamp(input: SweepInput, group: Group): readonly Problem[] {
  return [...checkStartFactor(input, group), ...checkPeak(input, group)];
}

function checkStartFactor(input: SweepInput, { warmup, own }: Group): readonly Problem[] {
  const path = own && givenAt(input, own.start);
  const below = own && possibleValues(input, own.start).some((factor) => Number(factor) < 1);
  if (!path || !below || !possibleValues(input, warmup).includes(0)) return [];
  const message = `${pathText(path)} below 1 needs a warmup to rise over, but ${warmup} may be 0`;
  return [{ path, message, hint: `Set ${warmup} above 0, or leave ${own.start} out.` }];
}

function checkPeak(input: SweepInput, { warmup: warmupName, own }: Group): readonly Problem[] {
  const path = own && givenAt(input, own.delay);
  const [delay, warmup] = [greatest(input, own?.delay), greatest(input, warmupName)];
  if (!path || warmup + delay < 1) return [];
  const message =
    `${own.delay} (up to ${delay}) and ${warmupName} (up to ${warmup}) must sum to less than 1, ` +
    "or the learning rate never reaches its peak";
  return [{ path, message, hint: "Lower one of them." }];
}

/** Options that no schedule of the sweep uses. */
function checkUnusedOptions(input: SweepInput): readonly Problem[] {
  return parameterNamesOf(input).flatMap((name) => {
    const { usedBy } = parameterSpec(name);
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
  const names = [...(group.own ? [group.own.delay] : []), group.warmup, "decay_ratio"] as const;
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
  const names = [...RATE_NAMES, ...ratioGroups(input).map(ratioOf), "lr_end"] as const;
  // Draws from a normal distribution have no lowest rate that is worth a refusal; each trial checks its own.
  if (!group || names.some((name) => isNormal(input, name))) return [];
  const [end, lowest] = [greatest(input, "lr_end"), lowestRate(input)];
  if (end < lowest) return [];
  const path = givenAt(input, "lr_end") ?? typeAt(input, group);
  const message = `polynomial's lr_end (up to ${end}) must be less than every learning rate; the lowest is ${lowest}`;
  return [{ path, message, hint: "Lower lr_end, or raise the lowest learning rate." }];
}

function isNormal(input: SweepInput, name: AnyParameterName): boolean {
  return searchedIn(input, name)?.distribution?.endsWith("normal") ?? false;
}

/** The groups whose learning rate is a ratio of the base's. */
function ratioGroups(input: SweepInput): readonly string[] {
  return ["head", ...Object.keys(input.token_groups ?? {})];
}

function ratioOf(group: string): AnyParameterName {
  return `${group}_lr_ratio`;
}

/** The lowest peak learning rate, those of 0 aside, of the groups that may have the polynomial schedule. */
function lowestRate(input: SweepInput): number {
  const [first = [], second = []] = RATE_NAMES.filter((name) => givenAt(input, name)).map((name) =>
    endsOf(input, name).map((value) => ({ [name]: value })),
  );
  const rates = first.flatMap((one) => second.map((other) => resolveRates({ ...one, ...other })));
  const ratios = ratioGroups(input)
    .filter((group) => mayHave(input, groupNamed(group), "polynomial"))
    .flatMap((group) => possibleValues(input, ratioOf(group)).map(Number));
  const ofBase = [...(mayHave(input, BASE, "polynomial") ? [1] : []), ...ratios].filter((ratio) => ratio > 0);
  const introduced = mayHave(input, groupNamed("introduced"), "polynomial");
  return Math.min(
    ...rates.flatMap(({ base_lr }) => ofBase.map((ratio) => base_lr * ratio)),
    ...(introduced ? rates.map(({ intro_lr }) => intro_lr) : []),
  );
}

/** A numeric parameter's least and greatest value. */
function endsOf(input: SweepInput, name: AnyParameterName): readonly number[] {
  const values = possibleValues(input, name).map(Number);
  return [Math.min(...values), Math.max(...values)];
}
