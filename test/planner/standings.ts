// Trials with a curve of validation losses, for the tests of pruners.
import type { Standing } from "../../src/planner/sampler.js";
import type { EarlyTerminate, Sweep } from "../../src/sweep/settings.js";
import type { Parameters } from "../../src/sweep/space.js";
import type { Trial } from "../../src/sweep/trial.js";
import { measurement, settings, sweep } from "../store/fixture.js";

/** 100 steps, an evaluation every 10. */
export function prunedSweep(earlyTerminate: EarlyTerminate, changes: Partial<Sweep> = {}): Sweep {
  const trainer = { ...settings.trainer, length: { maxSteps: 100 } };
  return { ...sweep, settings: { ...settings, trainer }, earlyTerminate, ...changes };
}

export interface Curve {
  readonly state?: Trial["state"];
  readonly replicate?: number;
  readonly parameters?: Parameters;
  /** Steps between evaluations. */
  readonly every?: number;
}

/** A trial whose evaluations found these losses; running unless it is said to be something else. */
export function standing(number: number, losses: readonly number[], curve: Curve = {}): Standing {
  const { state = "running", replicate = 0, parameters = {}, every = 10 } = curve;
  const rates = { base_lr: 1e-4, lr_ratio: 1, intro_lr: 1e-4 };
  const common = { number, replicate, seed: 0, parameters, rates, startedAt: 1000 };
  const measurements = losses.map((loss, i) => measurement(every * (i + 1), loss));
  return { trial: { ...common, ...endOf(state, losses) } as Trial, measurements };
}

function endOf(state: Trial["state"], losses: readonly number[]): object {
  const endedAt = 2000;
  if (state === "complete") return { state, endedAt, value: Math.min(...losses), bestStep: 10 };
  const step = 10 * losses.length;
  if (state === "paused") return { state, step, reason: "worst", checkpoint: "/c" };
  return state === "pruned" ? { state, endedAt, step, reason: "worst" } : { state };
}
