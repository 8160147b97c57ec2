import { expect, test } from "vitest";
import { median } from "../../src/planner/median.js";
import { createPruner } from "../../src/planner/planner.js";
import { prunedSweep, standing } from "./standings.js";

const pruner = createPruner(prunedSweep({ type: "median", minIterations: 3, minTrials: 3 }), 100);
const complete = [0.2, 0.4, 0.6].map((loss, i) => standing(i + 1, [1, 1, loss, 0.1], { state: "complete" }));

test("trials are judged at every evaluation from the first one named, but not at their end", () => {
  expect(pruner.rungs).toEqual([0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
});

test("a trial ends where its best value is worse than the median of the complete ones' at that step", () => {
  expect(pruner.judge(standing(4, [1, 1, 0.41]), complete)).toEqual({
    action: "stop",
    reason: "loss 0.41 is worse than loss 0.4, the median of 3 complete trials there",
  });
  expect(pruner.judge(standing(4, [1, 1, 0.4]), complete)).toEqual({ action: "continue" });
  expect(pruner.judge(standing(4, [0.3, 1, 0.9]), complete)).toEqual({ action: "continue" });
});

test("nothing is judged before enough trials are complete; pruned and running ones do not count", () => {
  const own = standing(4, [1, 1, 0.9]);
  expect(pruner.judge(own, complete.slice(1))).toEqual({ action: "continue" });
  const others = [...complete.slice(1), standing(5, [1, 1, 0.1], { state: "pruned" }), standing(6, [1, 1, 0.1])];
  expect(pruner.judge(own, others)).toEqual({ action: "continue" });
});

test("the median of an even number is the mean of the middle two", () => {
  expect([median([3]), median([4, 1]), median([9, 1, 2]), median([1, 2, 10, 4])]).toEqual([3, 2.5, 2, 3]);
});
