import { describe, expect, test } from "vitest";
import { endingLines } from "../../src/dashboard/ending.js";
import type { Trial } from "../../src/sweep/trial.js";
import { complete, diverged, overviewOf, START, snapshot, study, trial } from "./fixture.js";

const OPTIONS = { ascii: false, columns: 80, now: START, results: "results" };

function lines(trials: readonly Trial[], planned = trials.length): readonly string[] {
  const overview = overviewOf(study({}, planned), trials, undefined);
  return endingLines(snapshot({ overview, trials, measurements: new Map() }), OPTIONS);
}

describe("the verdict", () => {
  test("gives the best ratio and its difference to the single rate", () => {
    const [verdict] = lines([
      trial(1, 0.1, complete(3)),
      trial(2, 1, complete(2.5)),
      trial(3, 8.2, complete(2)),
      trial(4, 60, complete(4)),
    ]);
    expect(verdict).toBe("Best ratio 8.2x: validation loss 2.000 (#3), against ratio 1x 2.500: -0.5000");
  });

  test("says when the single rate was the best, or was not tried", () => {
    expect(lines([trial(1, 1, complete(2)), trial(2, 8, complete(3))])[0]).toContain("no other ratio did better");
    expect(lines([trial(1, 4, complete(2)), trial(2, 8, complete(3))])[0]).toContain("ratio 1x has no complete trial");
  });

  test("advises a wider range when the best ratio is at its edge", () => {
    const trials = [trial(1, 1, complete(3)), trial(2, 8, complete(2.5)), trial(3, 60, complete(2))];
    expect(lines(trials)[1]).toMatch(/highest of 3 ratios tried: widen/);
  });

  test("does not take a ratio for the edge beyond which trials diverged, or are still to come", () => {
    const trials = [trial(1, 1, complete(3)), trial(2, 8, complete(2))];
    expect(lines([...trials, trial(3, 60, diverged(10))]).join("\n")).not.toContain("widen");
    expect(lines(trials, 3).join("\n")).not.toContain("widen");
  });

  test("invents nothing when no trial is complete", () => {
    const all = lines([trial(1, 1, diverged(10))]);
    expect(all[0]).toContain("No trial is complete");
    expect(all.join("\n")).not.toMatch(/Best|export/);
  });
});

test("with several seeds the verdict and the list go by means", () => {
  const again = { ...trial(4, 8, complete(2.4)), replicate: 1 };
  const trials = [trial(1, 1, complete(3)), trial(2, 60, complete(1)), trial(3, 8, complete(2)), again];
  const all = lines(trials);
  expect(all[0]).toBe("Best ratio 8x: validation loss 2.200 ± 0.20 (#3, 2 seeds), against ratio 1x 3.000: -0.8000");
  const table = all.filter((line) => /^ +\d+ +✓/.test(line));
  expect(table.map((line) => Number(line.split("✓")[0]))).toEqual([3, 2, 1]);
  expect(table[0]).toContain("2.200");
});

test("the five best trials are listed, best first", () => {
  const trials = [5, 1, 4, 2, 3, 6].map((value, index) => trial(index + 1, value, complete(value)));
  const table = lines(trials).filter((line) => /^ +\d+ +✓/.test(line));
  expect(table.map((line) => Number(line.split("✓")[0]))).toEqual([2, 4, 5, 3, 1]);
});

test("failures are counted by kind with their numbers", () => {
  const crash = { kind: "crashed", message: "gone" } as const;
  const crashed = trial(3, 2, { state: "failed", startedAt: START, endedAt: START, failure: crash });
  const all = lines([trial(1, 1000, diverged(3)), trial(2, 900, diverged(4)), crashed]);
  expect(all).toContain(
    "3 failed: 2 diverged (#1 #2), 1 crashed (#3); retry: dualrate run /sweeps/rxn.yaml --retry-failed",
  );
});

test("an unfinished study is told how to go on", () => {
  expect(lines([trial(1, 1, complete(2))], 5).join("\n")).toContain("resume: dualrate run /sweeps/rxn.yaml");
  expect(lines([trial(1, 1, complete(2))]).join("\n")).not.toContain("resume:");
});

test("the commands that come next name a results folder of one's own", () => {
  const all = endingLines(snapshot(), { ...OPTIONS, results: "/data/results" });
  const commands = all.flatMap((line) => line.split(";")).filter((text) => text.includes("dualrate "));
  expect(commands.length).toBeGreaterThanOrEqual(3);
  for (const command of commands) expect(command).toContain(" --results /data/results");
});

test("there are at most 12 lines and none is wider than the terminal", () => {
  const trials = Array.from({ length: 40 }, (_, index) =>
    trial(index + 1, index + 1, index > 9 ? diverged(1) : complete(index)),
  );
  for (const planned of [40, 50]) {
    const all = lines(trials, planned);
    expect(all.length).toBeLessThanOrEqual(12);
    expect(Math.max(...all.map((line) => line.length))).toBeLessThanOrEqual(100);
  }
  expect(endingLines(snapshot(), OPTIONS).length).toBeLessThanOrEqual(12);
});
