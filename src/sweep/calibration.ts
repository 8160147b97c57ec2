// What `plan --calibrate` measures of a sweep's largest configuration, and what the whole sweep comes to by that.
import { parameterValue } from "./parameters.js";
import { totalSteps } from "./resolve.js";
import type { Settings, Sweep } from "./settings.js";
import type { Parameters } from "./space.js";

export interface Calibration {
  readonly secondsPerStep: number;
  /** Of the whole validation set. */
  readonly secondsPerEvaluation: number;
  /** What compiling the shapes that came by took, once a worker. */
  readonly compileSeconds: number;
  /** Memory that the process took for it at most, beyond what it had. */
  readonly peakBytes: number;
}

/** The point with the largest batches of all, so that nothing takes more memory or time a step. */
export function largestOf({ settings }: Sweep, parameters: Parameters): Parameters {
  return { ...parameters, ...settings.greatest };
}

/**
 * Seconds that a trial takes, the mean over configurations: their steps and evaluations, a step's time going with the texts in it.
 * `largest` was calibrated.
 */
export function secondsPerTrial(
  { settings }: Sweep,
  trainExamples: number,
  configurations: readonly Parameters[],
  largest: Parameters,
  { secondsPerStep, secondsPerEvaluation }: Calibration,
): number {
  const perText = secondsPerStep / textsPerStep(settings, largest);
  const seconds = configurations.map((parameters) => {
    const steps = totalSteps(settings, parameters, trainExamples);
    const evaluations = Math.ceil(steps / settings.trainer.evalSteps);
    return steps * perText * textsPerStep(settings, parameters) + evaluations * secondsPerEvaluation;
  });
  return seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
}

function textsPerStep({ fixed }: Settings, parameters: Parameters): number {
  const all = { ...fixed, ...parameters };
  return parameterValue(all, "batch_size") * parameterValue(all, "gradient_accumulation_steps");
}
