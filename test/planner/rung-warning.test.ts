import { expect, test } from "vitest";
import { rungWarning } from "../../src/planner/rung-warning.js";
import type { EarlyTerminate, Sweep } from "../../src/sweep/settings.js";
import type { Distribution, Parameters } from "../../src/sweep/space.js";
import { settings } from "../store/fixture.js";
import { prunedSweep } from "./standings.js";

const asha: EarlyTerminate = { type: "asha", rungs: { min: 2 }, eta: 3 };

/** 100 steps, an evaluation every 10; the first rung at 20 %. */
function warning(fixed: Parameters, space: Readonly<Record<string, Distribution>> = {}, early = asha) {
  const plain = prunedSweep(early);
  const sweep: Sweep = {
    ...plain,
    settings: { ...plain.settings, fixed: { ...settings.fixed, ...fixed } },
    space: Object.entries(space).map(([name, distribution]) => ({ name, distribution })),
  };
  return rungWarning(sweep, 100);
}

test("a rung within the longest warmup is told, with the evaluation that lies after it", () => {
  expect(warning({ introduced_warmup_ratio: 0.35 })).toBe(
    "early_terminate first judges trials at 20 % of their steps, and introduced_warmup_ratio goes up to 35 %: those that warm up slowly are held against others before they learn at their full rate; raise min_iter to 4",
  );
  expect(warning({ warmup_ratio: 0.3 })).toContain("and warmup_ratio goes up to 30 %");
});

test("searched warmups count with the most that they may be, and a delay comes before", () => {
  const list: Distribution = { kind: "categorical", values: [0, 0.1, 0.5] };
  expect(warning({}, { introduced_warmup_ratio: list })).toContain("goes up to 50 %");
  expect(warning({}, { introduced_warmup_ratio: { kind: "uniform", min: 0, max: 0.4 } })).toContain("goes up to 40 %");
  expect(warning({ introduced_delay_ratio: 0.2, introduced_warmup_ratio: 0.1 })).toContain("goes up to 30 %");
});

test("a warmup that ends before any rung, or without rungs, is no matter", () => {
  expect(warning({ introduced_warmup_ratio: 0.2 })).toBeUndefined();
  expect(warning({})).toBeUndefined();
  expect(rungWarning({ ...prunedSweep(asha), earlyTerminate: undefined } as unknown as Sweep, 100)).toBeUndefined();
});

test("where no evaluation lies after it, more of them are asked for", () => {
  expect(warning({ introduced_warmup_ratio: 0.95 })).toContain("evaluate more often (eval_steps)");
});
