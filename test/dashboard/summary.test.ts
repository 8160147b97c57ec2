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

describe("elapsed time", () => {
  const elapsed = (trials: Parameters<typeof overviewOf>[1], now: number, by: typeof owner | "gone" = owner) =>
    summarize(
      {
        overview: overviewOf(study(), trials, by === "gone" ? undefined : by),
        trials,
        measurements: new Map([[1, measured(2, 2)]]),
      },
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

describe("time left", () => {
  const left = (trials: Parameters<typeof overviewOf>[1], planned: number | undefined, now = at(60)) => {
    const overview = overviewOf(study({}, planned), trials, owner);
    return summarize({ overview, trials, measurements: new Map() }, now).left;
  };

  test("is not guessed before a trial has ended", () => {
    expect(left([trial(1, 1, running())], 10)).toBeUndefined();
  });

  test("is the mean time of the ended ones, times those left, over the workers", () => {
    expect(left([trial(1, 1, complete(2, 0, 60)), trial(2, 1, diverged(1, 0, 20))], 10)).toBe((8 * 40_000) / 2);
  });

  test("takes off what running trials have done", () => {
    expect(left([trial(1, 1, complete(2, 0, 40)), trial(2, 1, running(40))], 2)).toBe(20_000);
  });

  test("is absent where the number of trials is open", () => {
    const trials = [trial(1, 1, complete(2))];
    const overview = { ...overviewOf(study(), trials, owner), study: { ...study(), plannedTrials: undefined } };
    expect(summarize({ overview, trials, measurements: new Map() }, START).left).toBeUndefined();
  });
});

describe("the phase", () => {
  const phase = (trials: Parameters<typeof overviewOf>[1], planned: number, by: typeof owner | undefined) =>
    summarize({ overview: overviewOf(study({}, planned), trials, by), trials, measurements: new Map() }, START).phase;

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
