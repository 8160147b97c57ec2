import { expect, test } from "vitest";
import { interactionLine, interactionsOf } from "../../src/report/interactions.js";
import type { Space } from "../../src/sweep/space.js";
import { complete, failed, sweep } from "./trials.js";

const list = (name: string, values: readonly (number | string)[]): Space[number] => ({
  name,
  distribution: { kind: "categorical", values },
});
const SPACE: Space = [list("lr_ratio", [1, 10, 100]), list("batch_size", [32, 8])];

const TRIALS = [
  complete(1, 1, 2.5, { batch_size: 32 }),
  complete(2, 10, 2.1, { batch_size: 32 }),
  complete(3, 10, 2.6, { batch_size: 8 }),
  complete(4, 100, 2.2, { batch_size: 8 }),
];

test("the best ratio of each value, by ascending value, and that they are far apart", () => {
  const found = interactionsOf({ ...sweep, space: SPACE }, TRIALS);
  expect(found).toEqual([
    {
      name: "batch_size",
      best: [
        { value: 8, ratio: 100, metric: 2.2, trials: 2 },
        { value: 32, ratio: 10, metric: 2.1, trials: 2 },
      ],
    },
  ]);
  expect(found.map((one) => interactionLine(one, "loss"))).toEqual([
    "best ratio by batch_size: 8: 100x (loss 2.200), 32: 10x (loss 2.100); they are far apart: search the ratio anew for another batch_size",
  ]);
});

test("names keep their order, and near ratios are only told", () => {
  const trials = [complete(1, 10, 2, { optim: "sgd" }), complete(2, 30, 1, { optim: "adamw" })];
  const [one] = interactionsOf({ ...sweep, space: [list("optim", ["sgd", "adamw"])] }, trials);
  expect(one && interactionLine(one, "loss")).toBe(
    "best ratio by optim: sgd: 10x (loss 2.000), adamw: 30x (loss 1.000)",
  );
});

test("what was not searched, has one value with a complete trial, or very many, is left out", () => {
  expect(interactionsOf(sweep, TRIALS)).toEqual([]);
  expect(interactionsOf({ ...sweep, space: SPACE }, TRIALS.slice(0, 2))).toEqual([]);
  expect(interactionsOf({ ...sweep, space: SPACE }, [failed(1, 1), ...TRIALS.slice(0, 2)])).toEqual([]);
  const many = Array.from({ length: 20 }, (_, i) => complete(i + 1, 10, 2, { batch_size: i + 1 }));
  expect(interactionsOf({ ...sweep, space: SPACE }, many)).toEqual([]);
});
