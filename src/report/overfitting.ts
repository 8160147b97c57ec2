// A trial's own warning sign: validation loss that rises while training loss still falls.
import type { Measurement } from "../sweep/trial.js";

/** What happened after the lowest validation loss. */
export interface Overfitting {
  /** Step of the lowest validation loss. */
  readonly since: number;
  readonly lowest: number;
  /** Validation loss at the last evaluation. */
  readonly last: number;
}

/** Smaller rises are within what one evaluation differs from the next by. */
const LEAST_RISE = 0.01;

/** Overfitting at the end of a trial: validation loss at least 1 % above its lowest, training loss below what it was there. */
export function findOverfitting(measurements: readonly Measurement[]): Overfitting | undefined {
  const points = measurements.flatMap(({ step, trainLoss, validation }) =>
    validation.loss === null ? [] : [{ step, trainLoss, loss: validation.loss }],
  );
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const lowest = points.reduce((best, point) => (point.loss < best.loss ? point : best), first);
  const rose = last.loss > lowest.loss * (1 + LEAST_RISE) && last.trainLoss < lowest.trainLoss;
  return rose ? { since: lowest.step, lowest: lowest.loss, last: last.loss } : undefined;
}
