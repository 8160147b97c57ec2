// The rules between a sweep file's keys: what each key alone allows, but the sweep as a whole does not.
import { budgetOf, checkBudget, runCapOf } from "./budget.js";
import { checkEarlyTerminate } from "./early-terminate.js";
import { fixedAt, givenAt, parameterNamesOf, possibleValues, searchedIn } from "./given.js";
import { checkData, checkTokens } from "./input-checks.js";
import { goalOf, hasMetric } from "./metrics.js";
import { GROUP_SUFFIXES, isUsedBy, parameterSpec, RATE_NAMES } from "./parameters.js";
import { type Problem, pathText, repeated, show, unused } from "./problems.js";
import { checkSchedules } from "./schedule-checks.js";
import type { SweepInput } from "./schema.js";
import { checkSearch } from "./search-checks.js";
import { checkSearched, distributionOf } from "./searched.js";
import { predictsTokens } from "./settings.js";
import type { Path } from "./source.js";
import { gridSize, type Space } from "./space.js";
import { checkTokenGroups } from "./token-group-checks.js";

/** Everything that is wrong with a well-typed sweep file, its files on disk aside. */
export function checkSweep(input: SweepInput): readonly Problem[] {
  const problems = [
    ...checkParameters(input),
    ...checkRates(input),
    ...checkSteps(input),
    ...checkData(input),
    ...checkTokens(input),
    ...checkTokenGroups(input),
    ...checkTask(input),
    ...checkMetric(input),
    ...checkEarlyTerminate(input),
    ...checkBudget(input),
  ];
  // The rules below take every parameter's values for granted.
  if (problems.length > 0) return problems;
  return [
    ...checkMasking(input),
    ...checkClipping(input),
    ...checkOptimizer(input),
    ...checkSchedules(input),
    ...checkMethod(input),
    ...checkSearch(input, distributionsOf(input)),
  ];
}

function checkParameters(input: SweepInput): readonly Problem[] {
  return parameterNamesOf(input).flatMap((name) => {
    const searched = searchedIn(input, name);
    if (searched === undefined) return [];
    const path = ["parameters", name];
    const fixed = fixedAt(input, name);
    return [
      ...(fixed ? [fixedAndSearched(path, fixed)] : []),
      ...checkSearched(path, searched, parameterSpec(name).domain),
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

const MASKING_KEYS = [
  "mask_probability",
  "introduced_mask_probability",
  "mask_replacement",
  "whole_word_masking",
] as const;

/** Keys that a task would ignore in silence. */
function checkTask(input: SweepInput): readonly Problem[] {
  const { task, trainer } = input;
  const ofHead = predictsTokens(task) ? GROUP_SUFFIXES.map((suffix) => givenAt(input, `head_${suffix}`)) : [];
  const noHead = ofHead.flatMap((path) => unused(path, `${task} has no new task head`));
  const labels =
    task === "sequence-classification" || trainer.problem_type === undefined
      ? []
      : unused(["trainer", "problem_type"], `${task} knows no problem types`);
  if (task === "masked-lm") return [...noHead, ...labels];
  const masking = MASKING_KEYS.filter((key) => trainer[key] !== undefined);
  return [
    ...noHead,
    ...labels,
    ...masking.flatMap((key) => unused(["trainer", key], `${task} masks nothing`)),
    ...unused(givenAt(input, "bias_init"), `${task} has no output bias over tokens`),
  ];
}

function checkMetric({ metric, task, trainer }: SweepInput): readonly Problem[] {
  const path = ["metric", "name"];
  if (!hasMetric(task, metric.name)) {
    const message = `metric ${metric.name} is for tasks that classify; ${task} has none`;
    return [{ path, message, hint: "Rank by loss: it orders trials as perplexity does." }];
  }
  const goal = goalOf(metric.name);
  if (goal === "maximize" && trainer.problem_type === "regression") {
    const never = `metric ${metric.name} would never have a value`;
    const message = `${never}: no number is right or wrong under problem_type regression`;
    return [{ path, message, hint: "Rank by loss, the mean squared error." }];
  }
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
  const asked = { loss: 1, accuracy: 1, f1: 1, loss_base: base, loss_introduced: introduced }[metric.name];
  if (asked > 0) return [];
  const kind = metric.name === "loss_base" ? "base" : "introduced";
  const message = `metric ${metric.name} would never have a value: no ${kind} token is ever masked`;
  return [{ path: ["metric", "name"], message, hint: "Rank by another metric, or have those tokens masked." }];
}

function checkClipping(input: SweepInput): readonly Problem[] {
  const clips = possibleValues(input, "max_grad_norm").some((norm) => Number(norm) > 0);
  return clips ? [] : unused(givenAt(input, "grad_clipping"), "max_grad_norm is 0, so nothing is clipped");
}

/** Settings of an optimizer that no trial uses. */
function checkOptimizer(input: SweepInput): readonly Problem[] {
  const optimizers = possibleValues(input, "optim");
  return parameterNamesOf(input)
    .filter((name) => !optimizers.some((optim) => isUsedBy(optim, name)))
    .flatMap((name) => {
      const users = (parameterSpec(name).optimizers ?? []).join(" or ");
      return unused(givenAt(input, name), `it takes optim ${users}, and optim is ${optimizers.join(" or ")}`);
    });
}

/** More trials than this are a slip, not a plan. */
const MOST_TRIALS = 1e6;

function checkMethod(input: SweepInput): readonly Problem[] {
  if (input.method === "grid") return [...checkGridValues(input), ...checkGridSize(input)];
  return [...checkRunCap(input), ...(input.method === "bayes" ? checkProbabilities(input) : [])];
}

/** The search by values goes where they lead, as often as they lead there. */
function checkProbabilities(input: SweepInput): readonly Problem[] {
  return distributionsOf(input).flatMap(({ name, distribution }) => {
    if (!("probabilities" in distribution)) return [];
    return unused(["parameters", name, "probabilities"], "method bayes chooses by the trials' values");
  });
}

function checkRunCap(input: SweepInput): readonly Problem[] {
  const { method } = input;
  const runCap = runCapOf(input);
  if (runCap === undefined ? budgetOf(input) !== undefined : runCap <= MOST_TRIALS) return [];
  const [path, rule] =
    runCap === undefined ? [["method"], "needs run_cap"] : [capPath(input), "may have at most 1,000,000"];
  const message = `method ${method} ${rule}, the number of its trials${runCap === undefined ? "" : `; got ${runCap}`}`;
  return [{ path, message, hint: "Add `run_cap: 40`, say, at the top level of the file." }];
}

function capPath({ run_cap: runCap }: SweepInput): Path {
  return runCap === undefined ? ["budget", "trials"] : ["run_cap"];
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
    return [{ path, message, hint: "Use `method: bayes` with a run_cap, or list the values to try." }];
  });
}

function distributionsOf(input: SweepInput): Space {
  return parameterNamesOf(input).flatMap((name) => {
    const searched = searchedIn(input, name);
    return searched ? [{ name, distribution: distributionOf(searched, parameterSpec(name).domain) }] : [];
  });
}

function checkGridSize(input: SweepInput): readonly Problem[] {
  const size = gridSize(distributionsOf(input));
  if (size === Number.POSITIVE_INFINITY) return [];
  const tooLarge = size > Number.MAX_SAFE_INTEGER;
  const runCap = runCapOf(input);
  if (!tooLarge && Math.min(size, runCap ?? size) <= MOST_TRIALS) return [];
  const path = runCap === undefined || tooLarge ? ["parameters"] : capPath(input);
  const most = tooLarge ? "a grid may have at most 2^53 points" : "a sweep may have at most 1,000,000 trials";
  const message = `${most}; the grid has ${size.toLocaleString("en-US")}`;
  return [{ path, message, hint: "Give fewer values, or set run_cap to the number of trials to run." }];
}
