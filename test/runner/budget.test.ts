import { expect, test } from "vitest";
import type { Standing } from "../../src/planner/sampler.js";
import { spentBudget } from "../../src/runner/budget.js";
import { standing } from "../planner/standings.js";

const MINUTE = 60_000;
const stepsOf = () => 100;

function at(number: number, from: number, to: number | undefined, evaluations = 3): Standing {
  const losses = Array.from({ length: evaluations }, () => 1);
  const { trial, measurements } = standing(number, losses, { state: to === undefined ? "running" : "complete" });
  const times = { startedAt: from * MINUTE, ...(to !== undefined && { endedAt: to * MINUTE }) };
  return { trial: { ...trial, ...times } as Standing["trial"], measurements };
}

test("minutes are those in which any trial ran: trials side by side count once, pauses between runs do not", () => {
  // 0 to 4 by two trials that overlap, 10 to 12 by another.
  const trials = [at(1, 0, 3), at(2, 2, 4), at(3, 10, 12)];
  const spent = (minutes: number) => spentBudget({ minutes }, trials, stepsOf, 99 * MINUTE);
  expect(spent(6.01)).toBeUndefined();
  expect(spent(6)).toBe("the budget of 6 minutes is spent (6.0)");
});

test("trials that run count up to now", () => {
  const trials = [at(1, 0, 3), at(2, 10, undefined)];
  const spent = (now: number) => spentBudget({ minutes: 5 }, trials, stepsOf, now * MINUTE);
  expect([spent(11.9), spent(12)]).toEqual([undefined, "the budget of 5 minutes is spent (5.0)"]);
});

test("steps are those taken; a running trial counts with all that it plans", () => {
  const trials = [at(1, 0, 3), at(2, 10, undefined, 1)];
  const spent = (steps: number) => spentBudget({ steps }, trials, stepsOf, 0);
  expect([spent(131), spent(130)]).toEqual([undefined, "the budget of 130 steps is spent (130)"]);
});

test("the budget that ends first is named, and queued trials cost nothing", () => {
  const queued = { ...standing(3, []), trial: { ...standing(3, []).trial, state: "queued" } } as Standing;
  const { startedAt, ...never } = queued.trial as Standing["trial"] & { startedAt: number };
  const trials = [at(1, 0, 3), { trial: never as Standing["trial"], measurements: [] }];
  expect(spentBudget({ minutes: 4, steps: 30 }, trials, stepsOf, 0)).toMatch(/^the budget of 30 steps/);
  expect(spentBudget({ minutes: 4, steps: 31 }, trials, stepsOf, 0)).toBeUndefined();
  expect(spentBudget({}, trials, stepsOf, 0)).toBeUndefined();
});
