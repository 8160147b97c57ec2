import { describe, expect, test } from "vitest";
import { describeConfiguration, summarize } from "../../src/dashboard/summary.js";
import { complete, diverged, measured, overviewOf, owner, running, START, snapshot, study, trial } from "./fixture.js";

const at = (seconds: number) => START + 1000 * seconds;

test("the single rate to compare with is the best trial of ratio 1, found despite rounding", () => {
  const trials = [trial(1, 1, complete(2.5)), trial(2, 0.3 / 0.1 / 3, complete(2.4)), trial(3, 8, complete(2))];
  const { best, singleRate } = summarize(snapshot({ trials }), START);
  expect(best?.number).toBe(3);
  expect(singleRate?.number).toBe(2);
});

test("where ratios are drawn, the single rate to compare with is the best trial of a ratio about 1", () => {
  const space = [{ name: "lr_ratio", distribution: { kind: "log_uniform_values", min: 0.1, max: 1000 } }] as const;
  const trials = [trial(1, 1.3, complete(2.5)), trial(2, 0.7, complete(2.4)), trial(3, 8, complete(2))];
  const overview = overviewOf(study({ method: "random", space }), trials, owner);
  expect(summarize(snapshot({ overview, trials }), START).singleRate?.number).toBe(2);
});

describe("elapsed time", () => {
  const elapsed = (trials: Parameters<typeof overviewOf>[1], now: number, by: typeof owner | "gone" = owner) =>
    summarize(
      snapshot({
        overview: overviewOf(study(), trials, by === "gone" ? undefined : by),
        trials,
        measurements: new Map([[1, measured(2, 2)]]),
      }),
      now,
    ).elapsed;

  test("counts trials that ran side by side once, and no breaks between runs", () => {
    const trials = [
      trial(1, 1, complete(2, 0, 60)),
      trial(2, 1, complete(2, 30, 90)),
      trial(3, 1, complete(2, 1000, 1010)),
    ];
    expect(elapsed(trials, at(5000))).toBe(100_000);
  });

  test("goes on while a trial runs", () => {
    expect(elapsed([trial(1, 1, running(0))], at(25))).toBe(25_000);
  });

  test("ends at the last measurement where the owner is gone", () => {
    expect(elapsed([trial(1, 1, running(0))], at(5000), "gone")).toBe(2000);
  });
});

test("the time left is told while the study has an owner, before the first trial has ended too", () => {
  const trials = [trial(1, 1, running(0))];
  const left = (by: typeof owner | undefined) =>
    summarize(
      snapshot({
        overview: overviewOf(study({}, 4), trials, by),
        trials,
        measurements: new Map([[1, measured(3, 2)]]),
      }),
      at(4),
    ).left;
  // 2 s for 200 of 2000 steps: 20 s a trial, 4 trials, 4 s done, 2 workers.
  expect(left(owner)).toBe((4 * 20_000 - 4000) / 2);
  expect(left(undefined)).toBeUndefined();
});

describe("the phase", () => {
  const phase = (trials: Parameters<typeof overviewOf>[1], planned: number, by: typeof owner | undefined) =>
    summarize(
      snapshot({ overview: overviewOf(study({}, planned), trials, by), trials, measurements: new Map() }),
      START,
    ).phase;

  test("is finished when all planned trials have ended, failed ones too", () => {
    const trials = [trial(1, 1, complete(2)), trial(2, 1, diverged(3))];
    expect(phase(trials, 2, undefined)).toBe("finished");
    expect(phase(trials, 2, owner)).toBe("finished");
  });

  test("tells a study that is left from one that runs", () => {
    expect(phase([trial(1, 1, complete(2))], 2, owner)).toBe("running");
    expect(phase([trial(1, 1, complete(2))], 2, undefined)).toBe("stopped");
    expect(phase([trial(1, 1, { state: "queued" })], 1, undefined)).toBe("stopped");
  });
});

test("a configuration is told by ratio, base rate, warmup, then the other searched parameters", () => {
  const { space } = study().sweep;
  const record = study({
    space: [...space, { name: "init", distribution: { kind: "categorical", values: ["mean", "random"] } }],
  });
  expect(describeConfiguration(trial(1, 8.2, complete(2), { init: "mean" }), record)).toEqual([
    "ratio 8.2x",
    "base 2.0e-4",
    "warmup 3%",
    "init mean",
  ]);
});
