// The golden rates are transformers' and PyTorch's own (see golden/make_schedules.py); delay and start factor have no
// counterpart there and are checked against dualrate's stated formula, by hand.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Decay, Schedule, ScheduleSteps } from "../../../src/trainer/config.js";
import { scheduleMultiplier } from "../../../src/trainer/optim/schedule.js";

interface GoldenEntry {
  readonly name: string;
  readonly peak_lr: number;
  readonly options: Readonly<Record<string, number | string>>;
  readonly num_warmup_steps: number;
  readonly num_training_steps: number;
  readonly learning_rates: readonly number[];
}

const goldenFile = new URL("../../golden/lr-schedules.json", import.meta.url);
const { entries } = JSON.parse(readFileSync(goldenFile, "utf8")) as { entries: readonly GoldenEntry[] };

/** The reference's options and their defaults, in our terms, with the factor at which the warmup starts. */
function decayOf({ name, peak_lr, options }: GoldenEntry): readonly [Decay, number] {
  switch (name) {
    case "constant_with_warmup":
      return [{ type: "constant" }, 0];
    case "linear":
    case "cosine":
    case "inverse_sqrt":
      return [{ type: name }, 0];
    case "cosine_with_restarts":
      return [{ type: name, numCycles: Number(options.num_cycles ?? 1) }, 0];
    case "cosine_with_min_lr":
      return [{ type: name, endFactor: Number(options.min_lr_rate) }, 0];
    case "polynomial": {
      const endFactor = Number(options.lr_end ?? 1e-7) / peak_lr;
      return [{ type: name, power: Number(options.power ?? 1), endFactor }, 0];
    }
    case "warmup_stable_decay": {
      const { num_decay_steps, warmup_type = "linear", decay_type = "cosine", min_lr_ratio = 0 } = options;
      const curves = { warmupType: warmup_type, decayType: decay_type } as Pick<
        StableDecay,
        "warmupType" | "decayType"
      >;
      const endFactor = Number(min_lr_ratio);
      return [{ type: name, ...curves, decaySteps: Number(num_decay_steps), endFactor }, endFactor];
    }
    case "one_cycle":
      return [{ type: name, endFactor: 1 / 25 / 1e4 }, 1 / 25];
    default:
      throw new Error(`no schedule for ${name}`);
  }
}

type StableDecay = Extract<Decay, { readonly type: "warmup_stable_decay" }>;

const STABLE: StableDecay = {
  type: "warmup_stable_decay",
  warmupType: "linear",
  decayType: "linear",
  decaySteps: 5,
  endFactor: 0.1,
};
const EVERY_DECAY: readonly Decay[] = [
  { type: "constant" },
  { type: "linear" },
  { type: "cosine" },
  { type: "cosine_with_restarts", numCycles: 2 },
  { type: "cosine_with_min_lr", endFactor: 0.1 },
  { type: "polynomial", power: 2, endFactor: 0.01 },
  { type: "inverse_sqrt" },
  STABLE,
  { type: "one_cycle", endFactor: 4e-6 },
];

function schedule(steps: Partial<ScheduleSteps> = {}, decay: Decay = { type: "linear" }): Schedule {
  return { ...decay, totalSteps: 20, warmupSteps: 4, delaySteps: 0, startFactor: 0, ...steps };
}

describe("without a delay, every step's rate is the reference's", () => {
  const cases = entries.map((entry) => {
    const options = JSON.stringify(entry.options);
    const title = `${entry.name} ${options}, ${entry.num_warmup_steps} of ${entry.num_training_steps} steps of warmup`;
    return [title, entry] as const;
  });
  test.each(cases)("%s", (_, entry) => {
    const [decay, startFactor] = decayOf(entry);
    const ours = schedule(
      { totalSteps: entry.num_training_steps, warmupSteps: entry.num_warmup_steps, startFactor },
      decay,
    );
    // Sums in another order and another library's cosine: a few units in the last place of numbers of at most 1.
    for (const [step, lr] of entry.learning_rates.entries()) {
      expect(scheduleMultiplier(ours, step), `step ${step}`).toBeCloseTo(lr / entry.peak_lr, 14);
    }
  });

  test("and every type of schedule is among them", () => {
    const golden = new Set(entries.map((entry) => decayOf(entry)[0].type));
    expect([...golden].sort()).toEqual(EVERY_DECAY.map(({ type }) => type).sort());
  });
});

describe("one_cycle", () => {
  const cycle = { type: "one_cycle", endFactor: 4e-6 } as const;

  test("with a single step of warmup starts at its peak, where PyTorch divides by zero", () => {
    const ours = schedule({ warmupSteps: 1, startFactor: 0.04 }, cycle);
    expect(scheduleMultiplier(ours, 0)).toBe(1);
    expect(scheduleMultiplier(ours, 1)).toBeLessThan(1);
    expect(scheduleMultiplier(ours, 19)).toBeCloseTo(4e-6, 15);
  });

  test("stays at its end", () => {
    expect(scheduleMultiplier(schedule({}, cycle), 25)).toBeCloseTo(4e-6, 15);
  });
});

test("warmup_stable_decay without room for a decay stays at its peak", () => {
  const ours = schedule({ warmupSteps: 4 }, { ...STABLE, decaySteps: 0 });
  expect([3, 4, 19, 20].map((step) => scheduleMultiplier(ours, step))).toEqual([0.75, 1, 1, 0.1]);
});

describe("start delay", () => {
  test.each(EVERY_DECAY)("holds $type at 0, then runs the whole schedule in what is left", (decay) => {
    const delayed = schedule({ delaySteps: 10, totalSteps: 30 }, decay);
    const plain = schedule({ totalSteps: 20 }, decay);
    for (let step = 0; step < 10; step++) expect(scheduleMultiplier(delayed, step)).toBe(0);
    for (let step = 0; step <= 20; step++) {
      expect(scheduleMultiplier(delayed, step + 10)).toBe(scheduleMultiplier(plain, step));
    }
  });

  test("jumps to the full rate where there is no warmup", () => {
    const delayed = schedule({ warmupSteps: 0, delaySteps: 3 }, { type: "constant" });
    expect([2, 3, 4].map((step) => scheduleMultiplier(delayed, step))).toEqual([0, 1, 1]);
  });
});

describe("start factor", () => {
  test("is where the ramp begins, and the peak is where it ends", () => {
    const ramp = schedule({ startFactor: 0.2 }, { type: "constant" });
    const multipliers = [0, 1, 2, 3, 4].map((step) => scheduleMultiplier(ramp, step));
    for (const [i, expected] of [0.2, 0.4, 0.6, 0.8, 1].entries()) expect(multipliers[i]).toBeCloseTo(expected, 15);
  });

  test.each(EVERY_DECAY)("of $type is the first rate, and leaves the decay as it is", (decay) => {
    const [raised, plain] = [schedule({ startFactor: 0.5 }, decay), schedule({}, decay)];
    expect(scheduleMultiplier(raised, 0)).toBe(0.5);
    expect(scheduleMultiplier(raised, 2)).toBeGreaterThan(0.5);
    for (let step = 4; step <= 20; step++) {
      expect(scheduleMultiplier(raised, step)).toBe(scheduleMultiplier(plain, step));
    }
  });

  test("1 makes the warmup flat", () => {
    const flat = schedule({ startFactor: 1 }, { type: "constant" });
    expect([0, 1, 3, 4].map((step) => scheduleMultiplier(flat, step))).toEqual([1, 1, 1, 1]);
  });

  test("begins after the delay", () => {
    const delayed = schedule({ startFactor: 0.5, delaySteps: 2 });
    expect([1, 2, 4].map((step) => scheduleMultiplier(delayed, step))).toEqual([0, 0.5, 0.75]);
  });
});
