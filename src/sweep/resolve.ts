// What follows from a configuration's parameters together: its rates, and how many steps it takes.
import { DualrateError } from "../errors.js";
import type { PreparedSummary } from "./inputs.js";
import { parameterValue, RATE_NAMES } from "./parameters.js";
import type { Settings } from "./settings.js";
import type { Parameters } from "./space.js";
import type { Rates } from "./trial.js";

/**
 * Optimizer steps of a trial, of its own or the fixed batch size; an epoch's last step may have fewer batches, and a last,
 * partial epoch is rounded up to whole steps, as in Hugging Face's Trainer. `trainExamples` counts after max_train_samples.
 */
export function totalSteps({ trainer, fixed }: Settings, parameters: Parameters, trainExamples: number): number {
  const { length } = trainer;
  if ("maxSteps" in length) return length.maxSteps;
  const all = { ...fixed, ...parameters };
  const batches = Math.ceil(trainExamples / parameterValue(all, "batch_size"));
  return Math.ceil(length.numTrainEpochs * Math.ceil(batches / parameterValue(all, "gradient_accumulation_steps")));
}

/**
 * Tokens that a trial has trained on after `steps` steps: all of the training texts' for each whole pass over them, and for a pass
 * that is not over the share of its texts. So it follows from the data and the steps alone, whenever it is counted.
 */
export function tokensAfter(
  steps: number,
  { fixed }: Pick<Settings, "fixed">,
  parameters: Parameters,
  { trainExamples, trainTokens }: Pick<PreparedSummary, "trainExamples" | "trainTokens">,
): number {
  const all = { ...fixed, ...parameters };
  const batches = Math.ceil(trainExamples / parameterValue(all, "batch_size"));
  const stepsPerPass = Math.ceil(batches / parameterValue(all, "gradient_accumulation_steps"));
  const texts =
    (steps % stepsPerPass) * parameterValue(all, "batch_size") * parameterValue(all, "gradient_accumulation_steps");
  return Math.round(trainTokens * (Math.floor(steps / stepsPerPass) + Math.min(1, texts / trainExamples)));
}

/** The step at which a share of a trial's steps is done. Shares are quotients of steps, and need not lead back to the step exactly. */
export function stepAt(share: number, steps: number): number {
  return Math.ceil(share * steps - 1e-6);
}

/** The two rates and their ratio from exactly two of base_lr, lr_ratio and intro_lr; a DualrateError for any other number. */
export function resolveRates(parameters: Parameters): Rates {
  const { base_lr, lr_ratio, intro_lr } = parameters as Partial<Rates>;
  if (base_lr !== undefined && lr_ratio !== undefined && intro_lr === undefined) {
    return { base_lr, lr_ratio, intro_lr: base_lr * lr_ratio };
  }
  if (base_lr !== undefined && lr_ratio === undefined && intro_lr !== undefined) {
    return { base_lr, lr_ratio: intro_lr / base_lr, intro_lr };
  }
  if (base_lr === undefined && lr_ratio !== undefined && intro_lr !== undefined) {
    return { base_lr: intro_lr / lr_ratio, lr_ratio, intro_lr };
  }
  throw wrongRates(RATE_NAMES.filter((name) => parameters[name] !== undefined));
}

function wrongRates(given: readonly string[]): DualrateError {
  const came = given.length === 0 ? "none of them" : given.join(", ");
  return new DualrateError("sweep-file", `exactly two of ${RATE_NAMES.join(", ")} must be given; got ${came}`, {
    hint: "Give base_lr and lr_ratio, fixed or searched; intro_lr follows from them.",
  });
}
