import { expect, test } from "vitest";
import { findingLines, findingsOf } from "../../src/report/findings.js";
import { complete, sweep } from "./trials.js";

test("few trials have no findings, and no lines", () => {
  const findings = findingsOf(sweep, [complete(1, 1, 2)]);
  expect(findings).toEqual({ curve: undefined, importance: undefined, ridge: undefined, interactions: [] });
  expect(findingLines(findings, "loss")).toEqual([]);
});

test("each finding has its lines, in one order", () => {
  const importance = [{ name: "lr_ratio", first: 0.9, total: 0.9, low: 0.8, high: 0.95 }];
  const ridge = { slope: -0.5, low: -1.5, high: 0.5, introLr: 1e-3, ratio: 10 };
  const best = [
    { value: 8, ratio: 10, metric: 2, trials: 1 },
    { value: 32, ratio: 10, metric: 3, trials: 1 },
  ];
  const findings = { curve: undefined, importance, ridge, interactions: [{ name: "batch_size", best }] };
  expect(findingLines(findings, "loss").map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
    "what decides the",
    "the best ratio",
    "best ratio by",
  ]);
});
