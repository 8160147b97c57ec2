// Where trials are on their way, so that trials of different lengths can be compared: rungs are shares of a trial's steps.
import { DualrateError } from "../errors.js";
import { quantile, valuesOf } from "../sweep/distributions.js";
import { stepAt, totalSteps } from "../sweep/resolve.js";
import type { EarlyTerminate, Metric, Sweep } from "../sweep/settings.js";
import type { Distribution, Parameters } from "../sweep/space.js";
import type { Standing } from "./sampler.js";

/** What a trial's measurements mean in its study. */
export interface Course {
  readonly metric: Metric;
  /** Optimizer steps that a trial plans. */
  stepsOf(parameters: Parameters): number;
}

/** `trainExamples` after max_train_samples. */
export function courseOf({ settings, metric }: Sweep, trainExamples: number): Course {
  return { metric, stepsOf: (parameters) => totalSteps(settings, parameters, trainExamples) };
}

/** The best value so far, as a cost: the lowest is best. Undefined where there is none yet. */
export function bestCost(course: Course, measurements: Standing["measurements"]): number | undefined {
  return measurements.reduce((best, one) => lowerCost(course, best, one), undefined as number | undefined);
}

function lowerCost(
  { metric }: Course,
  best: number | undefined,
  { validation }: Standing["measurements"][number],
): number | undefined {
  const value = validation[metric.name] ?? Number.NaN;
  if (!Number.isFinite(value)) return best;
  const cost = metric.goal === "minimize" ? value : -value;
  return best === undefined ? cost : Math.min(best, cost);
}

/** A cost as people read it: `loss 0.412`. */
export function shown({ metric }: Course, cost: number): string {
  return `${metric.name} ${Number((metric.goal === "minimize" ? cost : -cost).toPrecision(4))}`;
}

/** A trial's best cost up to its first evaluation at or past a share of its steps; undefined where it did not get there. */
export function costAt(course: Course, { trial, measurements }: Standing, share: number): number | undefined {
  const rung = stepAt(share, course.stepsOf(trial.parameters));
  let best: number | undefined;
  for (const one of measurements) {
    best = lowerCost(course, best, one);
    if (one.step >= rung) return best;
  }
  return undefined;
}

/** The share of its steps that a trial has done at its last measurement. */
export function shareOf(course: Course, { trial, measurements }: Standing): number {
  return (measurements.at(-1)?.step ?? 0) / course.stepsOf(trial.parameters);
}

/**
 * Evaluations as shares of a trial, counted in the longest trial of the sweep, so that a rung is the same share of every
 * trial; those at its end or after it are left out.
 */
export function sharesOf(sweep: Sweep, trainExamples: number, evaluations: readonly number[]): readonly number[] {
  const [steps, every] = [longest(sweep, trainExamples), sweep.settings.trainer.evalSteps];
  return evaluations.map((evaluation) => (evaluation * every) / steps).filter((share) => share < 1);
}

/** Evaluations of the longest trial, the one at its end included. */
export function evaluationsOf(sweep: Sweep, trainExamples: number): number {
  return Math.ceil(longest(sweep, trainExamples) / sweep.settings.trainer.evalSteps);
}

function longest({ settings, space }: Sweep, trainExamples: number): number {
  const shortened = space.filter(({ name }) => name === "batch_size" || name === "gradient_accumulation_steps");
  const least = shortened.map(({ name, distribution }) => [name, leastOf(distribution)] as const);
  return totalSteps(settings, Object.fromEntries(least), trainExamples);
}

function leastOf(distribution: Distribution): number {
  return Math.min(...extremesOf(distribution));
}

/** The listed values, or both ends of what may be drawn. */
export function extremesOf(distribution: Distribution): readonly number[] {
  return (valuesOf(distribution) ?? [0, 1 - 2 ** -53].map((u) => quantile(distribution, u))).map(Number);
}

/** Of W&B's Hyperband and of successive halving: the rungs in evaluations, ascending. */
export function rungsOf({ rungs, eta }: Exclude<EarlyTerminate, { type: "median" }>, evaluations: number): number[] {
  const found = new Set<number>();
  if ("min" in rungs) {
    for (let rung = rungs.min; rung < evaluations; rung *= eta) found.add(Math.floor(rung));
  } else {
    let rung = rungs.max / eta;
    for (let i = 0; i < (rungs.s ?? Number.POSITIVE_INFINITY) && rung >= 1; i++, rung /= eta) {
      if (rung < evaluations) found.add(Math.floor(rung));
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** An error where nothing would ever be judged. */
export function expectRungs(rungs: readonly unknown[], evaluations: number): void {
  if (rungs.length > 0) return;
  const most = evaluations === 1 ? "its only evaluation is at its end" : `it has ${evaluations} evaluations`;
  throw new DualrateError(
    "sweep-file",
    `early_terminate would stop no trial: no rung lies before a trial's end (${most})`,
    {
      hint: "An iteration is an evaluation: lower min_iter, or trainer.eval_steps.",
      key: ["early_terminate"],
    },
  );
}
