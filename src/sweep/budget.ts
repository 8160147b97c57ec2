// `budget:` and `run_cap`: what a study may spend. The number of trials is the planner's; the rest is the runner's.
import type { Problem } from "./problems.js";
import type { SweepInput } from "./schema.js";
import type { Budget } from "./settings.js";

/** The number of trials, whichever key says it. */
export function runCapOf({ run_cap: runCap, budget }: SweepInput): number | undefined {
  return runCap ?? budget?.trials;
}

/** What the study may spend beside trials; undefined where that is not bounded. */
export function budgetOf({ budget: { minutes, steps, tokens } = {} }: SweepInput): Budget | undefined {
  if (minutes === undefined && steps === undefined && tokens === undefined) return undefined;
  return {
    ...(minutes !== undefined && { minutes }),
    ...(steps !== undefined && { steps }),
    ...(tokens !== undefined && { tokens }),
  };
}

export function checkBudget({ run_cap: runCap, budget }: SweepInput): readonly Problem[] {
  if (runCap === undefined || budget?.trials === undefined) return [];
  const message = "run_cap and budget.trials both say how many trials to run; it can be one of the two";
  return [{ path: ["budget", "trials"], message, hint: "Remove one of them." }];
}
