// The rules between a sweep file's keys: what each key alone allows, but the sweep as a whole does not.
import { checkData, checkTokens } from "./input-checks.js";
import { PARAMETER_NAMES, PARAMETERS, type ParameterName, type ParameterSpec, RATE_NAMES } from "./parameters.js";
import { type Problem, pathText, repeated, show, unused } from "./problems.js";
import type { SweepInput } from "./schema.js";
import { checkSearched, distributionOf, rangeOf } from "./searched.js";
import type { Path } from "./source.js";
import { type Distribution, gridSize, type Space, type Value } from "./space.js";

const SPECS: Readonly<Record<ParameterName, ParameterSpec>> = PARAMETERS;

/** Everything that is wrong with a well-typed sweep file, its files on disk aside. */
export function checkSweep(input: SweepInput): readonly Problem[] {
  const problems = [
    ...checkParameters(input),
    ...checkRates(input),
    ...checkSteps(input),
    ...checkData(input),
    ...checkTokens(input),
    ...checkTask(input),
    ...checkMetric(input),
  ];
  // The rules below take every parameter's values for granted.
  if (problems.length > 0) return problems;
  return [...checkMasking(input), ...checkIntroducedSchedule(input), ...checkMethod(input)];
}

/** Where a parameter's fixed value stands, if it has one. */
function fixedAt(input: SweepInput, name: ParameterName): Path | undefined {
  const { section } = SPECS[name];
  const fixed: Readonly<Record<string, unknown>> = input[section];
  return fixed[name] === undefined ? undefined : [section, name];
}

/** Where a parameter is fixed or searched. */
function givenAt(input: SweepInput, name: ParameterName): Path | undefined {
  return input.parameters[name] === undefined ? fixedAt(input, name) : ["parameters", name];
}

function checkParameters(input: SweepInput): readonly Problem[] {
  return PARAMETER_NAMES.flatMap((name) => {
    const searched = input.parameters[name];
    if (searched === undefined) return [];
    const path = ["parameters", name];
    const fixed = fixedAt(input, name);
    return [
      ...(fixed ? [fixedAndSearched(path, fixed)] : []),
      ...checkSearched(path, searched, SPECS[name].domain),
      ...repeated(searched.values ?? [], [...path, "values"], "each value would be trained twice"),
    ];
  });
}

function fixedAndSearched(path: Path, fixed: Path): Problem {
  return {
    path,
    message: `${pathText(path)} is searched, and ${pathText(fixed)} fixes it too; it can be one of the two`,
    hint: "Remove one of them.",
  };
}

function checkRates(input: SweepInput): readonly Problem[] {
  const given = RATE_NAMES.filter((name) => givenAt(input, name));
  if (given.length === 2) return [];
  const last = given.at(-1);
  const path = (last && givenAt(input, last)) ?? ["parameters"];
  const came = given.length === 0 ? "none of them" : given.join(", ");
  const hint = given.length > 2 ? "Remove one of them: it follows from the others." : "Add lr_ratio and base_lr.";
  return [
    { path, message: `exactly two of ${RATE_NAMES.join(", ")} must be given, fixed or searched; got ${came}`, hint },
  ];
}

function checkSteps({ trainer }: SweepInput): readonly Problem[] {
  const { max_steps: maxSteps, num_train_epochs: epochs, eval_steps: evalSteps } = trainer;
  if ((maxSteps === undefined) === (epochs === undefined)) {
    const came = maxSteps === undefined ? "neither" : "both";
    const path = maxSteps === undefined ? ["trainer"] : ["trainer", "num_train_epochs"];
    const message = `trainer must have either max_steps or num_train_epochs; it has ${came}`;
    return [{ path, message, hint: "Say how long a trial trains in one of the two ways." }];
  }
  if (maxSteps === undefined || evalSteps <= maxSteps) return [];
  const message = `trainer.eval_steps must be at most max_steps (${maxSteps}), or no evaluation happens; got ${evalSteps}`;
  return [
    { path: ["trainer", "eval_steps"], message, hint: `Evaluate several times: ${Math.ceil(maxSteps / 10)}, say.` },
  ];
}

const MASKING_KEYS = ["mask_probability", "introduced_mask_probability", "mask_replacement"] as const;

/** Keys that a task would ignore in silence. */
function checkTask(input: SweepInput): readonly Problem[] {
  if (input.task === "masked-lm") return unused(givenAt(input, "head_lr_ratio"), "masked-lm has no new task head");
  const masking = MASKING_KEYS.filter((key) => input.trainer[key] !== undefined);
  return [
    ...masking.flatMap((key) => unused(["trainer", key], "sequence-classification masks nothing")),
    ...unused(givenAt(input, "bias_init"), "sequence-classification has no output bias over tokens"),
  ];
}

function checkMetric({ metric }: SweepInput): readonly Problem[] {
  const goal = metric.name === "accuracy" ? "maximize" : "minimize";
  if (metric.goal === undefined || metric.goal === goal) return [];
  const message = `metric.goal must be ${goal} for ${metric.name}; got ${metric.goal}`;
  return [{ path: ["metric", "goal"], message, hint: "Leave goal out: the metric settles it." }];
}

function checkMasking(input: SweepInput): readonly Problem[] {
  if (input.task !== "masked-lm") return [];
  const { mask_replacement: shares, introduced_mask_probability: given } = input.trainer;
  return [
    ...(shares && Math.abs(shares[0] + shares[1] + shares[2] - 1) > 1e-6 ? [wrongShares(shares)] : []),
    ...(input.introduced_tokens.special && given !== undefined
      ? unused(["trainer", "introduced_mask_probability"], "introduced_tokens.special keeps them from being masked")
      : checkTargets(input)),
  ];
}

function wrongShares(shares: readonly number[]): Problem {
  const path = ["trainer", "mask_replacement"];
  const sum = Number(shares.reduce((a, b) => a + b).toPrecision(6));
  const message = `${pathText(path)} (mask, random, keep) must sum to 1; got ${show(shares)}, which sums to ${sum}`;
  return { path, message, hint: "The usual shares are [0.8, 0.1, 0.1]." };
}

/** Whether masking asks for anything, and for what the metric is an average of. */
function checkTargets({ trainer, introduced_tokens: { special }, metric }: SweepInput): readonly Problem[] {
  const base = trainer.mask_probability ?? 0.15;
  const introduced = special ? 0 : (trainer.introduced_mask_probability ?? base);
  if (base === 0 && introduced === 0) {
    const message = "no token is ever masked: mask_probability is 0, for introduced tokens too";
    return [{ path: ["trainer", "mask_probability"], message, hint: "Set one of the probabilities above 0." }];
  }
  const asked = { loss: 1, accuracy: 1, loss_base: base, loss_introduced: introduced }[metric.name];
  if (asked > 0) return [];
  const kind = metric.name === "loss_base" ? "base" : "introduced";
  const message = `metric ${metric.name} would never have a value: no ${kind} token is ever masked`;
  return [{ path: ["metric", "name"], message, hint: "Rank by another metric, or have those tokens masked." }];
}

/** Every value that a parameter may take in the sweep; of a range, its ends. */
function possibleValues(input: SweepInput, name: ParameterName): readonly Value[] {
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

function checkIntroducedSchedule(input: SweepInput): readonly Problem[] {
  const warmups = possibleValues(input, "introduced_warmup_ratio").map(Number);
  const delays = possibleValues(input, "introduced_delay_ratio").map(Number);
  return [...checkStartFactor(input, warmups), ...checkPeak(input, Math.max(...warmups), Math.max(...delays))];
}

function checkStartFactor(input: SweepInput, warmups: readonly number[]): readonly Problem[] {
  const path = givenAt(input, "introduced_start_factor");
  const below = possibleValues(input, "introduced_start_factor").some((factor) => Number(factor) < 1);
  if (!path || !below || !warmups.includes(0)) return [];
  const message = `${pathText(path)} below 1 needs a warmup to rise over, but introduced_warmup_ratio may be 0`;
  const hint = "Set introduced_warmup_ratio above 0, or leave introduced_start_factor out: with warmup it is 0.";
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

/** More trials than this are a slip, not a plan. */
const MOST_TRIALS = 1e6;

function checkMethod(input: SweepInput): readonly Problem[] {
  return input.method === "grid" ? [...checkGridValues(input), ...checkGridSize(input)] : checkRunCap(input.run_cap);
}

function checkRunCap(runCap: number | undefined): readonly Problem[] {
  if (runCap !== undefined && runCap <= MOST_TRIALS) return [];
  const [path, rule] =
    runCap === undefined ? [["method"], "needs run_cap"] : [["run_cap"], "may have at most 1,000,000"];
  const message = `random search ${rule}, the number of its trials${runCap === undefined ? "" : `; got ${runCap}`}`;
  return [{ path, message, hint: "Add `run_cap: 40`, say, at the top level of the file." }];
}

/** What a grid cannot do with a parameter: list a range, or heed probabilities. */
function checkGridValues(input: SweepInput): readonly Problem[] {
  return distributionsOf(input).flatMap(({ name, distribution }) => {
    const path = ["parameters", name];
    if (distribution.kind === "categorical" && distribution.probabilities) {
      return unused([...path, "probabilities"], "a grid takes every value as often");
    }
    if (gridSize([{ name, distribution }]) < Number.POSITIVE_INFINITY) return [];
    const message = `${pathText(path)} (${distribution.kind}) has no list of values, which method grid needs`;
    return [{ path, message, hint: "Use `method: random` with a run_cap, or list the values to try." }];
  });
}

function distributionsOf({ parameters }: SweepInput): Space {
  return PARAMETER_NAMES.flatMap((name) => {
    const searched = parameters[name];
    return searched ? [{ name, distribution: distributionOf(searched, SPECS[name].domain) }] : [];
  });
}

function checkGridSize(input: SweepInput): readonly Problem[] {
  const size = gridSize(distributionsOf(input));
  if (size === Number.POSITIVE_INFINITY) return [];
  const tooLarge = size > Number.MAX_SAFE_INTEGER;
  if (!tooLarge && Math.min(size, input.run_cap ?? size) <= MOST_TRIALS) return [];
  const path = input.run_cap === undefined || tooLarge ? ["parameters"] : ["run_cap"];
  const most = tooLarge ? "a grid may have at most 2^53 points" : "a sweep may have at most 1,000,000 trials";
  const message = `${most}; the grid has ${size.toLocaleString("en-US")}`;
  return [{ path, message, hint: "Give fewer values, or set run_cap to the number of trials to run." }];
}
