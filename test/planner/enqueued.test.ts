import { expect, test } from "vitest";
import { enqueueFirst } from "../../src/planner/enqueued.js";
import { createRandomSampler } from "../../src/planner/random.js";

const space = [{ name: "u", distribution: { kind: "uniform", min: 0, max: 1 } }] as const;
const history = { finished: [], running: [], goal: "minimize", seed: 0 } as const;

test("enqueued configurations come first, then the sampler's own from its first", () => {
  const own = createRandomSampler(3);
  const sampler = enqueueFirst([{ u: 0.25 }, { u: 0.75 }], own);
  expect(sampler.size).toBe(5);
  const points = [1, 2, 3, 4, 5, 6].map((number) => sampler.suggest(space, history, number));
  expect(points.slice(0, 2)).toEqual([{ u: 0.25 }, { u: 0.75 }]);
  expect(points.slice(2)).toEqual([1, 2, 3, 4].map((number) => own.suggest(space, history, number)));
  expect(points[5]).toBeUndefined();
});
