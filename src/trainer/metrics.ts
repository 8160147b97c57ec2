// What an evaluation reports: averages over targets, apart for introduced tokens and the rest.
import type { MetricValues } from "../sweep/trial.js";
import type { Batch } from "./data/batch.js";
import type { EvalResult } from "./engine/engine.js";
import type { F1 } from "./f1.js";

/** A weighted mean that can be taken, which empties it. */
export class Averages {
  #sum: number;
  #weight: number;

  constructor(saved: { readonly sum: number; readonly weight: number } = { sum: 0, weight: 0 }) {
    this.#sum = saved.sum;
    this.#weight = saved.weight;
  }

  /** What a new one must be given to go on from here. */
  get saved(): { readonly sum: number; readonly weight: number } {
    return { sum: this.#sum, weight: this.#weight };
  }

  add(value: number, weight: number): void {
    this.#sum += value * weight;
    this.#weight += weight;
  }

  take(): number {
    const mean = this.#weight > 0 ? this.#sum / this.#weight : 0;
    this.#sum = 0;
    this.#weight = 0;
    return mean;
  }
}

interface Sums {
  loss: number;
  correct: number;
  targets: number;
}

/**
 * Sums over the targets of an evaluation. A text that is classified counts as introduced if it holds an introduced token, a
 * word that is tagged if a part of it is one.
 */
export class Tally {
  readonly introduced: Sums = { loss: 0, correct: 0, targets: 0 };
  readonly base: Sums = { loss: 0, correct: 0, targets: 0 };
  /** False in regression, where no output is right or wrong. */
  predicted = true;

  constructor(readonly f1: F1) {}

  add(batch: Batch, { losses, predictions }: EvalResult): void {
    this.predicted = predictions.length > 0;
    this.f1.add(batch, predictions);
    for (let i = 0; i < batch.bucket.targets; i++) {
      if (batch.targetWeights[i] === 0) continue;
      const sums = batch.targetIntroduced[i] ? this.introduced : this.base;
      sums.loss += losses[i] as number;
      sums.correct += predictions[i] === batch.targetLabels[i] ? 1 : 0;
      sums.targets++;
    }
  }
}

export function metricValues({ introduced, base, predicted, f1 }: Tally): MetricValues {
  const targets = introduced.targets + base.targets;
  const mean = (sum: number, count: number) => (count > 0 ? sum / count : null);
  return {
    loss: mean(introduced.loss + base.loss, targets),
    loss_introduced: mean(introduced.loss, introduced.targets),
    loss_base: mean(base.loss, base.targets),
    accuracy: predicted ? mean(introduced.correct + base.correct, targets) : null,
    f1: f1.value(),
  };
}
