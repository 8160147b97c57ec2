// Learning-rate schedules, as Hugging Face's optimization.py and PyTorch's OneCycleLR compute them, with a start delay and
// a start factor.
import type { Curve, Schedule } from "../config.js";

type StableDecay = Extract<Schedule, { readonly type: "warmup_stable_decay" }>;

/**
 * What a group's peak learning rate is multiplied by at `step` (optimizer steps done, from 0). With delay D, start factor
 * a, W warmup steps, T steps in all and u = step - D: 0 if u < 0; a + (1 - a) rise(u / W) if u < W; then the schedule's
 * decay at u of T - D. Without delay and with the schedule's own start factor this is get_scheduler of transformers; as
 * there, cosine rises again after T. one_cycle is OneCycleLR with pct_start = W / T: it reaches its peak a step earlier,
 * at W - 1, and its end at the last step, T - 1.
 */
export function scheduleMultiplier(schedule: Schedule, step: number): number {
  const { startFactor } = schedule;
  const since = step - schedule.delaySteps;
  const total = schedule.totalSteps - schedule.delaySteps;
  const warmup = schedule.type === "one_cycle" ? Math.max(0, schedule.warmupSteps - 1) : schedule.warmupSteps;
  if (since < 0) return 0;
  if (since < warmup) return startFactor + (1 - startFactor) * RISES[riseOf(schedule)](since / warmup);
  return decayFactor(schedule, since, warmup, total);
}

function riseOf(schedule: Schedule): Curve {
  if (schedule.type === "one_cycle") return "cosine";
  return schedule.type === "warmup_stable_decay" ? schedule.warmupType : "linear";
}

/** From 0 to 1 as q goes from 0 to 1; a fall is a rise of 1 - q. */
const RISES: Readonly<Record<Curve, (q: number) => number>> = {
  linear: (q) => q,
  cosine: (q) => 0.5 * (1 - Math.cos(Math.PI * q)),
  "1-sqrt": (q) => 1 - Math.sqrt(1 - q),
};

/** The time scale of inverse_sqrt without warmup, in steps: Hugging Face's. */
const TIMESCALE = 10_000;

/** The multiplier after warmup: at step s, with W warmup steps of T. */
function decayFactor(schedule: Schedule, s: number, W: number, T: number): number {
  const progress = (s - W) / Math.max(1, T - W);
  switch (schedule.type) {
    case "constant":
      return 1;
    case "linear":
      return Math.max(0, (T - s) / Math.max(1, T - W));
    case "cosine":
      return halfCosine(progress);
    case "cosine_with_restarts":
      return progress >= 1 ? 0 : halfCosine((schedule.numCycles * progress) % 1);
    case "cosine_with_min_lr":
      return above(schedule.endFactor, halfCosine(progress));
    case "polynomial":
      return above(schedule.endFactor, Math.max(0, 1 - progress) ** schedule.power);
    case "inverse_sqrt": {
      const timescale = W || TIMESCALE;
      return 1 / Math.sqrt((s + timescale - W) / timescale);
    }
    case "warmup_stable_decay":
      return stableDecay(schedule, T - s);
    case "one_cycle":
      return above(schedule.endFactor, halfCosine(Math.min(1, (s - W) / Math.max(1, T - 1 - W))));
  }
}

/** From 1 to 0 as p goes from 0 to 1. */
function halfCosine(p: number): number {
  return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * p)));
}

/** A factor of 0 to 1, lifted to lie between `end` and 1. */
function above(end: number, factor: number): number {
  return factor * (1 - end) + end;
}

/** The peak until the decay begins, `left` steps before the end. */
function stableDecay({ decayType, decaySteps, endFactor }: StableDecay, left: number): number {
  if (left > decaySteps) return 1;
  return left <= 0 ? endFactor : above(endFactor, RISES[decayType](left / decaySteps));
}
