import { expect, test } from "vitest";
import { spentBudget, type Taken, timeOfRuns } from "../../src/runner/budget.js";
import type { StudyEvent } from "../../src/store/records.js";
import type { Parameters } from "../../src/sweep/space.js";
import { standing } from "../planner/standings.js";

const MINUTE = 60_000;
const costs = { stepsOf: () => 100, tokensOf: (_: Parameters, steps: number) => 7 * steps };

function at(number: number, from: number, to: number | undefined, evaluations = 3): Taken {
  const losses = Array.from({ length: evaluations }, () => 1);
  const { trial, measurements } = standing(number, losses, { state: to === undefined ? "running" : "complete" });
  const times = { startedAt: from * MINUTE, ...(to !== undefined && { endedAt: to * MINUTE }) };
  return { trial: { ...trial, ...times } as Taken["trial"], step: measurements.at(-1)?.step ?? 0 };
}

test("minutes are those of all runs", () => {
  const spent = (time: number) => spentBudget({ minutes: 5 }, [], costs, time * MINUTE);
  expect([spent(4.99), spent(5)]).toEqual([undefined, "the budget of 5 minutes is spent (5.0)"]);
});

const event = (minute: number, message: string, kind: StudyEvent["kind"] = "study"): StudyEvent => {
  return { id: minute, at: minute * MINUTE, kind, trial: undefined, message };
};

test("a run's time goes from its beginning to its ending; pauses between runs do not count", () => {
  const events = [
    event(1, "started: trial 1"),
    event(4, "stopped at once"),
    event(50, "resumed: 2"),
    event(51, "done"),
  ];
  expect(timeOfRuns(events, [])).toBe(4 * MINUTE);
  expect(timeOfRuns([], [])).toBe(0);
});

test("a run that was killed counts up to the last that was stored of it", () => {
  const events = [event(1, "started: trial 1"), event(2, "trial 1 crashed", "warning"), event(50, "resumed: 2 of 6")];
  expect(timeOfRuns(events, [])).toBe(MINUTE);
  expect(timeOfRuns(events, [at(1, 1, 2.5).trial, at(2, 2, 8).trial])).toBe(7 * MINUTE);
});

test("who looks on or takes over is no sign that a run still went on", () => {
  const looked = event(30, "process 7 on a takes over from process 5 on a", "lease");
  expect(timeOfRuns([event(1, "started: trial 1"), event(2, "trial 1"), looked, event(30.5, "resumed: 1")], [])).toBe(
    MINUTE,
  );
});

test("steps are those taken; a running trial counts with all that it plans", () => {
  const trials = [at(1, 0, 3), at(2, 10, undefined, 1)];
  const spent = (steps: number) => spentBudget({ steps }, trials, costs, 0);
  expect([spent(131), spent(130)]).toEqual([undefined, "the budget of 130 steps is spent (130)"]);
});

test("the budget that ends first is named, and queued trials cost nothing", () => {
  const queued = { ...standing(3, []).trial, state: "queued" } as Taken["trial"];
  const { startedAt, ...never } = queued as Taken["trial"] & { startedAt: number };
  const trials = [at(1, 0, 3), { trial: never as Taken["trial"], step: 0 }];
  expect(spentBudget({ minutes: 4, steps: 30 }, trials, costs, 0)).toMatch(/^the budget of 30 steps/);
  expect(spentBudget({ minutes: 4, steps: 31 }, trials, costs, 0)).toBeUndefined();
  expect(spentBudget({}, trials, costs, 0)).toBeUndefined();
});

test("tokens are those of the steps taken, and of all that a running trial plans", () => {
  const trials = [at(1, 0, 3), at(2, 10, undefined, 1)];
  const spent = (tokens: number) => spentBudget({ tokens, steps: 1000 }, trials, costs, 0);
  expect([spent(911), spent(910)]).toEqual([undefined, "the budget of 910 tokens is spent (910)"]);
});

test("an extension between two runs is no time of either", () => {
  const events = [
    event(1, "started: trial 1"),
    event(4, "done"),
    event(40, "extended: run_cap: 3 -> 5"),
    event(50, "resumed: 2"),
  ];
  expect(timeOfRuns(events, [])).toBe(3 * MINUTE);
});
