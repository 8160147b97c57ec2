import { expect, test } from "vitest";
import { rankedRows, sortRows } from "../../src/dashboard/rows.js";
import { complete, diverged, measured, overviewOf, owner, running, snapshot, study, trial } from "./fixture.js";

const numbersOf = (rows: ReturnType<typeof rankedRows>) => rows.map((row) => row.trial.number);

test("complete and live trials are ranked together; pruned, failed and queued ones follow", () => {
  expect(numbersOf(rankedRows(snapshot()))).toEqual([47, 88, 3, 50, 89, 77, 19, 90]);
});

test("a running trial has its best value so far, marked as live, and its last step", () => {
  const rows = rankedRows(snapshot({ measurements: new Map([[88, measured(2.5, 2.1, 2.3)]]) }));
  expect(rows.find((row) => row.trial.number === 88)).toMatchObject({ value: 2.1, live: true, step: 300 });
});

test("a metric to maximize ranks the largest value first", () => {
  const trials = [trial(1, 1, complete(0.5)), trial(2, 10, complete(0.9)), trial(3, 20, running())];
  const metric = { name: "accuracy", goal: "maximize" } as const;
  const overview = overviewOf(study({ metric }), trials, owner);
  expect(numbersOf(rankedRows(snapshot({ overview, trials, measurements: new Map([[3, measured(1)]]) })))).toEqual([
    2, 1, 3,
  ]);
});

test("a failed trial has no value to be ranked by, whatever it measured before", () => {
  const trials = [trial(1, 1000, diverged(300))];
  const rows = rankedRows(snapshot({ trials, measurements: new Map([[1, measured(0.1)]]) }));
  expect(rows).toMatchObject([{ value: undefined, live: false, step: 300 }]);
});

test("a metric that an evaluation could not average is passed over", () => {
  const [first, second] = measured(2, 3);
  const blank = { ...first, validation: { ...first?.validation, loss: null } } as NonNullable<typeof first>;
  const measurements = new Map([[1, second ? [blank, second] : []]]);
  expect(rankedRows(snapshot({ trials: [trial(1, 1, running())], measurements }))).toMatchObject([{ value: 3 }]);
});

test("other orders are ascending", () => {
  const rows = rankedRows(snapshot());
  expect(numbersOf(sortRows(rows, "number"))).toEqual([3, 19, 47, 50, 77, 88, 89, 90]);
  expect(numbersOf(sortRows(rows, "ratio")).at(-1)).toBe(19);
});
