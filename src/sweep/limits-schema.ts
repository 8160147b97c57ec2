// The shape of `early_terminate:` and `budget:`. Which keys go together is in early-terminate.ts and budget.ts.
import { z } from "zod";

const count = z.int().min(1);

export const earlyTerminateSchema = z.strictObject({
  type: z
    .enum(["hyperband", "asha", "median"])
    .describe(
      "hyperband as in W&B; asha: successive halving that pauses and resumes trials; median: of the complete trials.",
    ),
  min_iter: count
    .optional()
    .describe("The first rung, in evaluations; the next ones are eta times as far each. median: the first one judged."),
  max_iter: count
    .optional()
    .describe("Instead of min_iter (hyperband): rungs at max_iter / eta, max_iter / eta^2, ... evaluations."),
  s: count.optional().describe("How many rungs, with max_iter. Default: down to the first evaluation."),
  eta: z.number().gt(1).optional().describe("The best 1/eta of the trials go on at a rung. Default: 3."),
  strict: z
    .boolean()
    .optional()
    .describe("Judge at every evaluation by the last rung, as others come by it (hyperband). Default: false."),
  min_trials: count.optional().describe("Complete trials before any is judged (median). Default: 5."),
  max_paused: count
    .optional()
    .describe("Trials that wait at a time, each with a checkpoint; others end (asha). Default: 50."),
});

export const budgetSchema = z.strictObject({
  trials: count.optional().describe("Trials; the same as run_cap."),
  minutes: z.number().gt(0).optional().describe("Minutes of all runs of the study."),
  steps: count.optional().describe("Optimizer steps of all trials together."),
  tokens: count
    .optional()
    .describe("Tokens that all trials together train on: of the texts, special ones included, padding left out."),
});
