// test/golden/check_formats.py opens such a journal with the real Optuna.
import { expect, test } from "vitest";
import { toOptunaJournal } from "../../src/export/optuna.js";
import type { Space } from "../../src/sweep/space.js";
import type { Measurement, Trial } from "../../src/sweep/trial.js";
import { complete, failed, measured, pruned, queued, study, sweep } from "../report/trials.js";

type Line = Record<string, never> & { readonly op_code: number; readonly state: number };

function journal(space: Space, trials: readonly Trial[], measurements: [number, Measurement[]][] = []): Line[] {
  const record = { ...study, sweep: { ...sweep, space } };
  const text = toOptunaJournal(record, trials, new Map(measurements));
  expect(text.endsWith("}\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const trialsOf = (lines: Line[]) => lines.filter(({ op_code }) => op_code === 4);

test("the study has its name, its direction and its metric's name", () => {
  const [first, second] = journal(sweep.space, []);
  expect(first).toEqual({ op_code: 0, study_name: "letters", directions: [1], worker_id: "dualrate" });
  expect(second).toMatchObject({ op_code: 3, study_id: 0, system_attr: { "study:metric_names": ["loss"] } });
});

test("trials that have ended keep their state, value, measurements and own number; others are left out", () => {
  const trials = [complete(1, 10, 2.5, { warmup_ratio: 0 }), pruned(2, 100), failed(3, 1), queued(4, 10)];
  const measurements: [number, Measurement[]][] = [
    [1, [measured(20, 3, 2.75), measured(40, 2, 2.5)]],
    [2, [measured(20, 3, 4)]],
    [3, [measured(20, 3, Number.NaN), measured(40, 3, null)]],
  ];
  const [one, two, three, ...rest] = trialsOf(journal(sweep.space, trials, measurements));
  expect(rest).toEqual([]);
  expect(one).toMatchObject({ state: 1, value: 2.5, params: { lr_ratio: 1, warmup_ratio: 0 } });
  expect(one).toMatchObject({ intermediate_values: { 20: 2.75, 40: 2.5 }, user_attrs: { trial: 1, lr_ratio: 10 } });
  expect(one).toMatchObject({
    datetime_start: "1970-01-01T00:00:01.000Z",
    datetime_complete: "1970-01-01T00:00:03.500Z",
  });
  expect(two).toMatchObject({ state: 2, value: 4, user_attrs: { reason: "worst of nine" } });
  expect(three).toMatchObject({ state: 3, value: null, intermediate_values: {}, user_attrs: { failure: "diverged" } });
});

test("a trial that was pruned before it measured anything has failed there: Optuna wants a value", () => {
  expect(trialsOf(journal(sweep.space, [pruned(2, 100)]))[0]).toMatchObject({ state: 3, value: null });
});

test.each([
  [
    { kind: "log_uniform_values", min: 1e-5, max: 1e-2 },
    1e-4,
    "FloatDistribution",
    { low: 1e-5, high: 1e-2, log: true, step: null },
    1e-4,
  ],
  [
    { kind: "uniform", min: 0, max: 0.5 },
    0.25,
    "FloatDistribution",
    { low: 0, high: 0.5, log: false, step: null },
    0.25,
  ],
  [{ kind: "int_uniform", min: 1, max: 4 }, 2, "IntDistribution", { low: 1, high: 4, log: false, step: 1 }, 2],
  [
    { kind: "categorical", values: ["linear", "cosine"] },
    "cosine",
    "CategoricalDistribution",
    { choices: ["linear", "cosine"] },
    1,
  ],
  [{ kind: "constant", value: 3 }, 3, "CategoricalDistribution", { choices: [3] }, 0],
  // Values of before the range was changed.
  [{ kind: "uniform", min: 0, max: 0.5 }, 2, "FloatDistribution", { low: 0, high: 2, log: false, step: null }, 2],
  [{ kind: "categorical", values: [1, 2] }, 3, "CategoricalDistribution", { choices: [1, 2, 3] }, 2],
  // A multiple of q may be 0, of which there is no logarithm.
  [
    { kind: "q_log_uniform_values", min: 1, max: 8, q: 4 },
    0,
    "FloatDistribution",
    { low: 0, high: 8, log: false, step: null },
    0,
  ],
] as const)("%j with the value %j is a %s", (distribution, value, name, attributes, internal) => {
  const space: Space = [{ name: "weight_decay", distribution }];
  const [line] = trialsOf(journal(space, [complete(1, 10, 2, { weight_decay: value })]));
  const stored = JSON.parse(
    (line as unknown as { distributions: { weight_decay: string } }).distributions.weight_decay,
  );
  expect(stored).toEqual({ name, attributes });
  expect(line).toMatchObject({ params: { weight_decay: internal } });
});

test("a normal distribution, which Optuna does not have, is the range that nearly all draws fall into", () => {
  const space: Space = [{ name: "weight_decay", distribution: { kind: "normal", mu: 1, sigma: 0.1 } }];
  const [line] = trialsOf(journal(space, [complete(1, 10, 2, { weight_decay: 1.05 })]));
  const { attributes } = JSON.parse(
    (line as unknown as { distributions: { weight_decay: string } }).distributions.weight_decay,
  );
  expect(attributes.low).toBeCloseTo(1 - 0.309, 3); // 3.09 deviations: one draw in a thousand lies beyond
  expect(attributes.high).toBeCloseTo(1 + 0.309, 3);
});
