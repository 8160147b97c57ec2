// test/golden/check_formats.py reads such files with the real HfArgumentParser.
import { expect, test } from "vitest";
import { toTrainingArguments } from "../../src/export/training-arguments.js";
import type { Parameters } from "../../src/sweep/space.js";
import type { CompleteTrial } from "../../src/sweep/trial.js";
import { resolveConfig } from "../../src/trainer/config.js";
import { complete, settings, study } from "../report/trials.js";

function argumentsOf(parameters: Parameters): Record<string, unknown> {
  const trial = complete(4, 10, 2, parameters) as CompleteTrial;
  const config = resolveConfig(settings, trial.parameters, { seed: 7, trainExamples: 2000 });
  return JSON.parse(toTrainingArguments(study, trial, config));
}

test("the loop and the base's rate are those of the trial", () => {
  expect(argumentsOf({ warmup_ratio: 0.1, batch_size: 8, gradient_accumulation_steps: 2 })).toMatchObject({
    output_dir: "letters-trial-4",
    ...{ optim: "adamw_torch", adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8 },
    ...{ learning_rate: 1e-4, weight_decay: 0.01, lr_scheduler_type: "linear", warmup_steps: 6, max_steps: 60 },
    ...{ per_device_train_batch_size: 8, gradient_accumulation_steps: 2, eval_strategy: "steps", eval_steps: 20 },
    ...{ metric_for_best_model: "loss", greater_is_better: false, load_best_model_at_end: true, seed: 7 },
  });
});

test.each([
  [{ lr_scheduler_type: "constant" }, { lr_scheduler_type: "constant", warmup_steps: 0 }],
  [
    { lr_scheduler_type: "constant", warmup_ratio: 0.5 },
    { lr_scheduler_type: "constant_with_warmup", warmup_steps: 30 },
  ],
  [
    { lr_scheduler_type: "polynomial", power: 2, lr_end: 1e-6 },
    { lr_scheduler_kwargs: { power: 2, lr_end: expect.closeTo(1e-6, 12) } },
  ],
  [{ lr_scheduler_type: "cosine_with_restarts", num_cycles: 3 }, { lr_scheduler_kwargs: { num_cycles: 3 } }],
  [{ lr_scheduler_type: "cosine_with_min_lr", min_lr_ratio: 0.1 }, { lr_scheduler_kwargs: { min_lr_rate: 0.1 } }],
  [
    { lr_scheduler_type: "warmup_stable_decay", decay_ratio: 0.25 },
    { lr_scheduler_kwargs: { num_decay_steps: 15, min_lr_ratio: 0, warmup_type: "linear", decay_type: "cosine" } },
  ],
  [{ optim: "lion" }, { optim: "lion_32bit", adam_beta1: 0.9, adam_beta2: 0.99 }],
  [{ optim: "sgd", momentum: 0 }, { optim: "sgd" }],
] as const)("%j has its own fields", (parameters, fields) => {
  expect(argumentsOf(parameters)).toMatchObject(fields);
});

test.each([
  [{ lr_scheduler_type: "one_cycle" }, /no schedule one_cycle/],
  [{ optim: "adam" }, /no optimizer like adam/],
  [{ optim: "sgd", momentum: 0.9 }, /no momentum for sgd, which is 0.9 here/],
] as const)("%j is refused: TrainingArguments cannot say it", (parameters, message) => {
  expect(() => argumentsOf(parameters)).toThrow(message);
});
