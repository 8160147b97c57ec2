// The planner by itself, for studies of anything: `import { suggest } from "dualrate/planner"`. A study is plain data that the
// caller keeps; every function is pure, so that the same study and seed give the same answer, also after a restart.
import { DualrateError } from "../errors.js";
import { type Search, searchSchema } from "../sweep/parameter-schemas.js";
import { checkSearched, distributionOf } from "../sweep/searched.js";
import type { Goal } from "../sweep/settings.js";
import type { Parameters, Space } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";
import { createBayesSampler } from "./bayes.js";
import { type Belief, beliefOf } from "./belief.js";
import { createRandomSampler } from "./random.js";
import type { History, Sampler } from "./sampler.js";
import { createSobolSampler } from "./sobol.js";

export { DualrateError } from "../errors.js";
export type { Search } from "../sweep/parameter-schemas.js";
export type { Goal } from "../sweep/settings.js";
export type { Parameters, Value } from "../sweep/space.js";

/** One configuration and what came of it. */
export type StudyTrial = { readonly parameters: Parameters } & (
  | {
      readonly state: "complete";
      /** One for each seed that it ran with. A value that is not finite counts as one that diverged. */
      readonly values: readonly number[];
    }
  | {
      readonly state: "pruned";
      /** What it would have come to, as far as is known. */
      readonly value: number;
    }
  | {
      readonly state: "failed";
      /** True where it would fail again: it then counts as bad as the worst. A crash says nothing of its configuration. */
      readonly diverged?: boolean;
    }
  | { readonly state: "running" }
);

export interface Study {
  /** The search space, in W&B's syntax: `{ lr: { distribution: "log_uniform_values", min: 1e-5, max: 1e-2 } }`. */
  readonly parameters: Readonly<Record<string, Search>>;
  /** Default: minimize. */
  readonly goal?: Goal;
  /** Default: bayes. */
  readonly method?: "bayes" | "sobol" | "random";
  /** Default: 0. */
  readonly seed?: number;
  /** Whether a configuration may be tried. Default: all may. */
  readonly allowed?: (parameters: Parameters) => boolean;
  /** In the order in which they were begun. */
  readonly trials: readonly StudyTrial[];
}

/**
 * The next configurations to try, all different from each other and from those that ran or run; fewer where the space has no more.
 * Throws a DualrateError of code "usage" where the study is not one.
 */
export function suggest(study: Study, count = 1): readonly Parameters[] {
  const { space, history } = checked(study);
  const sampler = samplerOf(study, space);
  const running = [...history.running];
  const suggested: Parameters[] = [];
  for (let i = 0; i < count; i++) {
    const number = study.trials.length + i + 1;
    const parameters = sampler.suggest(space, { ...history, running }, number);
    if (parameters === undefined) break;
    suggested.push(parameters);
    running.push(...trialsOf({ parameters, state: "running" }, number, 0));
  }
  return suggested;
}

export interface Posterior {
  /** Of the configuration's value, its noise apart. */
  readonly mean: number;
  /** Half the width of the interval that holds that value with 68 % probability. */
  readonly deviation: number;
}

/**
 * What the trials say of the values of configurations, tried or not: a Gaussian process over the searched parameters, averaged
 * over its hyperparameters. Throws as `suggest` does, and where fewer than two trials have a value.
 */
export function posterior(study: Study, points: readonly Parameters[]): readonly Posterior[] {
  const { space, history } = checked(study);
  points.forEach((point, i) => {
    checkPoint(space, point, `points[${i}]`);
  });
  const belief = believed(space, history);
  return points.map((point) => belief.at(point));
}

export interface Chance {
  readonly parameters: Parameters;
  /** That no other complete configuration has a better value, noise apart. */
  readonly probability: number;
}

/** For each complete configuration the probability that it is the best of them, the most probable first. Throws as `posterior` does. */
export function chances(study: Study): readonly Chance[] {
  const { space, history } = checked(study);
  return believed(space, history)
    .chances()
    .map(({ trial, probability }) => ({ parameters: trial.parameters, probability }))
    .sort((a, b) => b.probability - a.probability);
}

function believed(space: Space, history: History): Belief {
  const belief = beliefOf(space, history);
  if (belief) return belief;
  throw wrong("two trials or more must have a value", "Ask again when they have.");
}

function samplerOf({ method = "bayes", allowed = () => true }: Study, space: Space): Sampler {
  switch (method) {
    case "bayes":
      return createBayesSampler(space, Number.POSITIVE_INFINITY, allowed);
    case "sobol":
      return createSobolSampler(Number.POSITIVE_INFINITY, allowed);
    case "random":
      return createRandomSampler(Number.POSITIVE_INFINITY, allowed);
    default:
      throw wrong(`method must be bayes, sobol or random; got ${JSON.stringify(method)}`);
  }
}

function checked(study: Study): { readonly space: Space; readonly history: History } {
  const { goal = "minimize", seed = 0 } = study;
  if (goal !== "minimize" && goal !== "maximize") throw wrong(`goal must be minimize or maximize; got ${show(goal)}`);
  if (!Number.isSafeInteger(seed) || seed < 0) throw wrong(`seed must be an integer from 0 on; got ${show(seed)}`);
  const space = spaceOf(study);
  const trials: Trial[] = [];
  const pruned = new Map<number, number>();
  study.trials.forEach((trial, i) => {
    checkPoint(space, trial.parameters, `trials[${i}].parameters`);
    checkTrial(trial, `trials[${i}]`);
    if (trial.state === "pruned") pruned.set(trials.length + 1, trial.value);
    trials.push(...trialsOf(trial, trials.length + 1, i));
  });
  const finished = trials.filter(({ state }) => state !== "running");
  const running = trials.filter(({ state }) => state === "running");
  return { space, history: { finished, running, prunedValues: pruned, goal, seed } };
}

function spaceOf({ parameters }: Study): Space {
  const names = Object.keys(parameters);
  if (names.length === 0) throw wrong("parameters must name at least one parameter to search");
  return names.map((name) => {
    const parsed = searchSchema.safeParse(parameters[name]);
    const path = ["parameters", name];
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw wrong(`${[...path, ...(issue?.path ?? [])].join(".")}: ${issue?.message}`);
    }
    const [problem] = checkSearched(path, parsed.data, { kind: "number" });
    if (problem) throw wrong(problem.message, problem.hint);
    return { name, distribution: distributionOf(parsed.data, { kind: "number" }) };
  });
}

function checkPoint(space: Space, point: Parameters, where: string): void {
  const missing = space.find(({ name }) => point?.[name] === undefined);
  if (missing) throw wrong(`${where} must have a value for each parameter; ${missing.name} is missing`);
}

function checkTrial(trial: StudyTrial, where: string): void {
  const isNumber = (value: unknown) => typeof value === "number";
  switch (trial.state) {
    case "complete":
      if (Array.isArray(trial.values) && trial.values.length > 0 && trial.values.every(isNumber)) return;
      throw wrong(`${where}.values must be a list of numbers, one a seed; got ${show(trial.values)}`);
    case "pruned":
      if (Number.isFinite(trial.value)) return;
      throw wrong(
        `${where}.value must be a finite number; got ${show(trial.value)}`,
        "A trial that diverged has failed.",
      );
    case "failed":
    case "running":
      return;
    default: {
      const { state } = trial as { readonly state: unknown };
      throw wrong(`${where}.state must be complete, pruned, failed or running; got ${show(state)}`);
    }
  }
}

/** The trial as a sweep would have it, a seed each; `first` numbers them. */
function trialsOf(trial: StudyTrial, first: number, index: number): readonly Trial[] {
  const { parameters } = trial;
  const rates = { base_lr: Number.NaN, lr_ratio: Number.NaN, intro_lr: Number.NaN };
  const common = { number: first, replicate: 0, seed: index, parameters, rates, startedAt: 0 };
  switch (trial.state) {
    case "complete":
      return trial.values.map((value, replicate) => {
        const own = { ...common, number: first + replicate, replicate, endedAt: 0, bestStep: 1 };
        return { ...own, state: "complete", value };
      });
    case "pruned":
      return [{ ...common, state: "pruned", endedAt: 0, step: 1, reason: "" }];
    case "failed": {
      const failure = { kind: trial.diverged ? "diverged" : "crashed", message: "" } as const;
      return [{ ...common, state: "failed", endedAt: 0, failure }];
    }
    case "running":
      return [{ ...common, state: "running" }];
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function wrong(message: string, hint?: string): DualrateError {
  return new DualrateError("usage", message, hint === undefined ? {} : { hint });
}
