import { expect, test } from "vitest";
import {
  formatBytes,
  formatDifference,
  formatDistribution,
  formatDuration,
  formatMetric,
  formatParameter,
  formatRate,
  formatRatio,
  plural,
} from "../../src/report/format.js";

test.each([
  [0.00123, "1.2e-3x"],
  [0.01, "0.01x"],
  [0.1, "0.1x"],
  [8.25, "8.25x"],
  [1000, "1000x"],
  [1024.4, "1024x"],
])("ratio %d", (ratio, text) => expect(formatRatio(ratio)).toBe(text));

test.each([
  [0, "0"],
  [2e-4, "2.0e-4"],
  [2.25e-4, "2.25e-4"],
  [1e-4 * 3, "3.0e-4"],
])("rate %d", (rate, text) => expect(formatRate(rate)).toBe(text));

test.each([
  [4200, "4.2s"],
  [59_960, "1m00s"],
  [185_000, "3m05s"],
  [4_320_000, "1h12m"],
])("%d milliseconds", (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

test("metrics have four digits, differences a sign, and what is missing a dash", () => {
  expect([formatMetric(2.14321), formatMetric(null), formatDifference(0.5), formatDifference(-0.061)]).toEqual([
    "2.143",
    "-",
    "+0.5000",
    "-0.06100",
  ]);
});

test("a parameter is written as its name suggests", () => {
  expect([formatParameter("lr_ratio", 10), formatParameter("intro_lr", 1e-3), formatParameter("init", "mean")]).toEqual(
    ["10x", "1.0e-3", "mean"],
  );
  expect(formatParameter("introduced_warmup_ratio", 0.1)).toBe("0.1");
});

test("a drawn value is cut to four digits, one that was written is not", () => {
  expect(formatParameter("weight_decay", 0.0834217293847)).toBe("0.08342");
  expect(formatParameter("adam_beta2", 0.99999)).toBe("0.99999");
  expect(formatParameter("batch_size", 12345)).toBe("12345");
});

test.each([
  [{ kind: "categorical", values: [1, 10] }, "1x, 10x"],
  [{ kind: "categorical", values: [1, 10], probabilities: [0.2, 0.8] }, "1x, 10x, probabilities 0.2, 0.8"],
  [{ kind: "log_uniform_values", min: 0.1, max: 1000 }, "log_uniform_values 0.1x to 1000x"],
  [{ kind: "q_uniform", min: 1, max: 9, q: 2 }, "q_uniform 1x to 9x, q 2"],
  [{ kind: "log_uniform", min: -2, max: 7 }, "log_uniform e^-2 to e^7"],
  [{ kind: "normal", mu: 5, sigma: 2, least: 0 }, "normal, mu 5, sigma 2"],
] as const)("%j in words", (distribution, text) => expect(formatDistribution("lr_ratio", distribution)).toBe(text));

test("bytes and counts", () => {
  expect([formatBytes(340 * 2 ** 20), formatBytes(1.25 * 2 ** 30), plural(1, "step"), plural(12_000, "step")]).toEqual([
    "340 MiB",
    "1.3 GiB",
    "1 step",
    "12,000 steps",
  ]);
});
