// A page of made-up numbers, with everything that a page can have.
import type { PageData } from "../../../src/report/page/page.js";
import type { RatioChartData } from "../../../src/report/page/ratio-chart.js";
import type { RatioCurve } from "../../../src/report/ratio-curve.js";

const CURVE: RatioCurve = {
  ratios: [0.1, 1, 10, 100, 1000],
  profile: [2, 1.2, 1, 3, 9].map((mean) => ({ mean, low: mean - 0.1, high: mean + 0.1 })),
  best: { ratio: 10, low: 1, high: 100 },
  withinNoise: { low: 1, high: 10 },
  divergence: [0, 0, 0, 0.1, 0.6],
};
export const CHART: RatioChartData = {
  metric: "loss",
  goal: "minimize",
  curve: CURVE,
  points: [0.1, 1, 3, 10, 30, 100, 300, 500, 700, 1000].map((ratio, i) => ({
    trial: i + 1,
    ratio,
    value: ratio === 1000 ? 5 : 1 + i / 10,
  })),
  diverged: [900, 1000],
  best: 0.1,
};
export const PAGE: PageData = {
  study: "letters",
  version: "1.2.3",
  verdict: ["best ratio 10x", "against 1x: -0.2"],
  chart: CHART,
  ratios: { titles: ["lr_ratio", "best"], rows: [["10x", "1.000"]] },
  configurations: { titles: ["trial", "loss"], rows: [["7", "1.000"]] },
  commands: ["dualrate compare letters"],
};
