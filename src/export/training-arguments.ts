// A trial's base rates and loop as Hugging Face's TrainingArguments: only fields that it has, so that HfArgumentParser takes
// the file as it is (checked with transformers 5.18).
import { DualrateError } from "../errors.js";
import type { StudyRecord } from "../store/records.js";
import type { CompleteTrial } from "../sweep/trial.js";
import type { Schedule, TrainConfig } from "../trainer/config.js";

/** Hugging Face's OptimizerNames; lion_32bit needs bitsandbytes. */
const OPTIMIZERS = { adamw: "adamw_torch", lion: "lion_32bit", sgd: "sgd" } as const;

/** Throws a DualrateError of code "usage" where the trial's optimizer or schedule has no name there. */
export function toTrainingArguments({ name, sweep }: StudyRecord, trial: CompleteTrial, config: TrainConfig): string {
  const { settings, metric } = sweep;
  const { base } = config.groups;
  const training = {
    output_dir: `${name}-trial-${trial.number}`,
    ...optimizerFields(config),
    learning_rate: base.lr,
    weight_decay: base.weightDecay,
    max_grad_norm: config.maxGradNorm,
    ...scheduleFields(base.schedule, base.lr),
    max_steps: config.totalSteps,
    per_device_train_batch_size: config.batchSize,
    per_device_eval_batch_size: settings.trainer.evalBatchSize,
    gradient_accumulation_steps: config.accumulationSteps,
    ...(settings.trainer.groupByLength && { train_sampling_strategy: "group_by_length" }),
    ...{ eval_strategy: "steps", eval_steps: config.evalSteps },
    ...{ logging_strategy: "steps", logging_steps: config.evalSteps },
    ...{ save_strategy: "steps", save_steps: config.evalSteps, save_total_limit: 1 },
    ...{ load_best_model_at_end: true, metric_for_best_model: metric.name },
    greater_is_better: metric.goal === "maximize",
    seed: trial.seed,
  };
  return `${JSON.stringify(training, null, 2)}\n`;
}

function optimizerFields({ optimizer }: TrainConfig): Readonly<Record<string, string | number>> {
  if (optimizer.name === "adam") throw notThere("optimizer like adam, with L2 regularization");
  const optim = OPTIMIZERS[optimizer.name];
  if (optimizer.name === "sgd") {
    if (optimizer.momentum !== 0) throw notThere(`momentum for sgd, which is ${optimizer.momentum} here`);
    return { optim };
  }
  const betas = { adam_beta1: optimizer.beta1, adam_beta2: optimizer.beta2 };
  return { optim, ...betas, ...(optimizer.name === "adamw" && { adam_epsilon: optimizer.epsilon }) };
}

function scheduleFields(schedule: Schedule, lr: number): Readonly<Record<string, unknown>> {
  const { warmupSteps } = schedule;
  const fields = (type: string, kwargs?: Readonly<Record<string, unknown>>) => ({
    lr_scheduler_type: type,
    ...(kwargs && { lr_scheduler_kwargs: kwargs }),
    warmup_steps: warmupSteps,
  });
  switch (schedule.type) {
    case "constant":
      return fields(warmupSteps > 0 ? "constant_with_warmup" : "constant");
    case "cosine_with_restarts":
      return fields(schedule.type, { num_cycles: schedule.numCycles });
    case "cosine_with_min_lr":
      return fields(schedule.type, { min_lr_rate: schedule.endFactor });
    case "polynomial":
      return fields(schedule.type, { power: schedule.power, lr_end: lr * schedule.endFactor });
    case "warmup_stable_decay":
      return fields(schedule.type, {
        num_decay_steps: schedule.decaySteps,
        warmup_type: schedule.warmupType,
        decay_type: schedule.decayType,
        min_lr_ratio: schedule.endFactor,
      });
    case "one_cycle":
      throw notThere("schedule one_cycle");
    default:
      return fields(schedule.type);
  }
}

function notThere(what: string): DualrateError {
  return new DualrateError("usage", `TrainingArguments has no ${what}`, {
    hint: "Export a script of the trial instead: dualrate export --format python",
  });
}
