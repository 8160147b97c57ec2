// Learning-rate schedules, as Hugging Face's optimization.py computes them, with a start delay and a start factor.
import type { Schedule, ScheduleType } from "../config.js";

/**
 * What a group's peak learning rate is multiplied by at `step` (optimizer steps done, from 0). With delay D, start factor
 * a, W warmup steps, T steps in all and u = step - D: 0 if u < 0; a + (1 - a) u / W if u < W; then the schedule's decay
 * at u of T - D. Without delay and with a = 0 this is get_constant_schedule_with_warmup, get_linear_schedule_with_warmup
 * and get_cosine_schedule_with_warmup of transformers; as there, cosine rises again after T.
 */
export function scheduleMultiplier(schedule: Schedule, step: number): number {
  const { type, totalSteps, warmupSteps, delaySteps, startFactor } = schedule;
  const since = step - delaySteps;
  if (since < 0) return 0;
  if (since < warmupSteps) return startFactor + (1 - startFactor) * (since / warmupSteps);
  return DECAYS[type](since, warmupSteps, totalSteps - delaySteps);
}

/** The multiplier after warmup: at step s, with W warmup steps of T. */
const DECAYS: Readonly<Record<ScheduleType, (s: number, W: number, T: number) => number>> = {
  constant: () => 1,
  linear: (s, W, T) => Math.max(0, (T - s) / Math.max(1, T - W)),
  cosine: (s, W, T) => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((s - W) / Math.max(1, T - W))))),
};
