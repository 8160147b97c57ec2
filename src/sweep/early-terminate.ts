// `early_terminate:` in W&B's syntax: which keys a type takes, and what they mean.
import { type Problem, unused } from "./problems.js";
import type { SweepInput } from "./schema.js";
import type { EarlyTerminate } from "./settings.js";

type Given = NonNullable<SweepInput["early_terminate"]>;
type Key = Exclude<keyof Given, "type">;

const KEYS: Readonly<Record<Given["type"], readonly Key[]>> = {
  hyperband: ["min_iter", "max_iter", "s", "eta", "strict"],
  asha: ["min_iter", "eta", "max_paused"],
  median: ["min_iter", "min_trials"],
};
const ALL_KEYS: readonly Key[] = ["min_iter", "max_iter", "s", "eta", "strict", "min_trials", "max_paused"];

/** What is wrong with it, its keys' types aside. That rungs lie within a trial takes its number of steps: course.ts. */
export function checkEarlyTerminate({ early_terminate: given }: SweepInput): readonly Problem[] {
  if (given === undefined) return [];
  const path = ["early_terminate"];
  const takes = KEYS[given.type];
  return [
    ...ALL_KEYS.filter((key) => given[key] !== undefined && !takes.includes(key)).flatMap((key) =>
      unused([...path, key], `${given.type} takes ${takes.join(", ")}`),
    ),
    ...checkRungs(given).map((problem) => ({ path, ...problem })),
    ...(given.s !== undefined && given.min_iter !== undefined && given.max_iter === undefined
      ? unused([...path, "s"], "s counts rungs below max_iter, and min_iter is given instead")
      : []),
  ];
}

function checkRungs({ type, min_iter: min, max_iter: max }: Given): readonly Omit<Problem, "path">[] {
  if (type === "median") return [];
  if (type === "asha") {
    if (min !== undefined) return [];
    return [
      { message: "early_terminate (asha) lacks min_iter, its first rung in evaluations", hint: "Add min_iter: 2." },
    ];
  }
  if ((min === undefined) !== (max === undefined)) return [];
  const came = min === undefined ? "neither" : "both";
  const hint = "min_iter is the first rung in evaluations; max_iter the end, with rungs at max_iter / eta, ...";
  return [{ message: `early_terminate (hyperband) must have either min_iter or max_iter; it has ${came}`, hint }];
}

/** W&B's default is eta 3; the median's are Optuna's (5 trials, from the first evaluation on). */
export function earlyTerminateOf(given: Given): EarlyTerminate {
  const { type, min_iter: min, max_iter: max, s, eta = 3, strict = false, min_trials: minTrials = 5 } = given;
  if (type === "median") return { type, minIterations: min ?? 1, minTrials };
  // checkEarlyTerminate has seen to it that one of the two is given.
  if (type === "asha" || max === undefined) {
    const rungs = { min: min as number };
    if (type === "hyperband") return { type, rungs, eta, strict };
    return { type, rungs, eta, ...(given.max_paused !== undefined && { maxPaused: given.max_paused }) };
  }
  return { type, rungs: { max, ...(s !== undefined && { s }) }, eta, strict };
}
