// The golden multipliers are Hugging Face's own (see golden/lr-schedules.json); delay and start factor have no
// counterpart there and are checked against dualrate's stated formula, by hand.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Schedule, ScheduleType } from "../../../src/trainer/config.js";
import { scheduleMultiplier } from "../../../src/trainer/optim/schedule.js";

interface GoldenEntry {
  readonly name: "linear" | "cosine" | "constant_with_warmup";
  readonly num_warmup_steps: number;
  readonly num_training_steps: number;
  readonly steps: readonly number[];
  readonly multipliers: readonly number[];
}

const goldenFile = new URL("../../golden/lr-schedules.json", import.meta.url);
const { entries } = JSON.parse(readFileSync(goldenFile, "utf8")) as { entries: readonly GoldenEntry[] };
const TYPES: Readonly<Record<GoldenEntry["name"], ScheduleType>> = {
  linear: "linear",
  cosine: "cosine",
  constant_with_warmup: "constant",
};

function schedule(overrides: Partial<Schedule> = {}): Schedule {
  return { type: "linear", totalSteps: 20, warmupSteps: 4, delaySteps: 0, startFactor: 0, ...overrides };
}

describe("without delay and start factor", () => {
  test.each(entries)("$name with $num_warmup_steps of $num_training_steps steps is Hugging Face's", (entry) => {
    const ours = schedule({
      type: TYPES[entry.name],
      totalSteps: entry.num_training_steps,
      warmupSteps: entry.num_warmup_steps,
    });
    const multipliers = entry.steps.map((step) => scheduleMultiplier(ours, step));
    for (const [i, expected] of entry.multipliers.entries()) expect(multipliers[i]).toBeCloseTo(expected, 15);
  });
});

describe("start delay", () => {
  test("holds the group at 0, then runs the whole schedule in what is left", () => {
    const delayed = schedule({ delaySteps: 10, totalSteps: 30 });
    const plain = schedule({ totalSteps: 20 });
    for (let step = 0; step < 10; step++) expect(scheduleMultiplier(delayed, step)).toBe(0);
    for (let step = 0; step <= 20; step++) {
      expect(scheduleMultiplier(delayed, step + 10)).toBe(scheduleMultiplier(plain, step));
    }
  });

  test("jumps to the full rate where there is no warmup", () => {
    const delayed = schedule({ type: "constant", warmupSteps: 0, delaySteps: 3 });
    expect([2, 3, 4].map((step) => scheduleMultiplier(delayed, step))).toEqual([0, 1, 1]);
  });
});

describe("start factor", () => {
  test("is where the ramp begins, and the peak is where it ends", () => {
    const ramp = schedule({ type: "constant", startFactor: 0.2 });
    const multipliers = [0, 1, 2, 3, 4].map((step) => scheduleMultiplier(ramp, step));
    for (const [i, expected] of [0.2, 0.4, 0.6, 0.8, 1].entries()) expect(multipliers[i]).toBeCloseTo(expected, 15);
  });

  test("1 makes the warmup flat", () => {
    const flat = schedule({ type: "constant", startFactor: 1 });
    expect([0, 1, 3, 4].map((step) => scheduleMultiplier(flat, step))).toEqual([1, 1, 1, 1]);
  });

  test("begins after the delay", () => {
    const delayed = schedule({ startFactor: 0.5, delaySteps: 2 });
    expect([1, 2, 4].map((step) => scheduleMultiplier(delayed, step))).toEqual([0, 0.5, 0.75]);
  });
});
