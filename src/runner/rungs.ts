// When a trial is at a rung: evaluations come at steps of the sweep's choosing, rungs at fractions of the way.
import { stepAt } from "../sweep/resolve.js";

/** Counts the rungs of one trial as its evaluations pass them. */
export class Rungs {
  readonly #steps: readonly number[];
  #passed = 0;

  /** `fractions` ascending, of `totalSteps`. */
  constructor(fractions: readonly number[], totalSteps: number) {
    this.#steps = fractions.map((fraction) => stepAt(fraction, totalSteps));
  }

  /** Whether the evaluation after `step` steps is the first at or past a rung; steps must ascend. */
  reached(step: number): boolean {
    const passed = this.#steps.filter((rung) => rung <= step).length;
    const atRung = passed > this.#passed;
    this.#passed = passed;
    return atRung;
  }
}
