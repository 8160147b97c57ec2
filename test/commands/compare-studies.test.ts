import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StoreWriter } from "../../src/store/records.js";
import { openWriter } from "../../src/store/writer.js";
import type { Metric } from "../../src/sweep/settings.js";
import { runDualrate } from "../program.js";
import { common, study } from "../report/trials.js";

let folder: string;
const dualrate = (...args: readonly string[]) => runDualrate(args, folder);
const RATIOS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dualrate-"));
  const writer = openWriter(join(folder, "results"));
  store(writer, "small", 10);
  store(writer, "alike", 10);
  store(writer, "other", 3000);
  store(writer, "short", 10, RATIOS.slice(0, 3));
  store(writer, "accurate", 10, RATIOS, { name: "accuracy", goal: "maximize" });
  writer.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A study whose loss is a steep valley about the ratio `best`. */
function store(
  writer: StoreWriter,
  name: string,
  best: number,
  ratios = RATIOS,
  metric: Metric = study.sweep.metric,
): void {
  const values = [0.1, 10_000];
  const [min, max] = values as [number, number];
  const space = [{ name: "lr_ratio", distribution: { kind: "log_uniform_values", min, max } }] as const;
  const { id } = writer.openStudy({ ...study, sweep: { ...study.sweep, name, metric, space } });
  for (const [i, ratio] of ratios.entries()) {
    writer.addTrial(id, { ...common(i + 1, ratio), parameters: { lr_ratio: ratio } });
    writer.startTrial(id, i + 1);
    const value = 2 + 0.2 * Math.log10(ratio / best) ** 2;
    writer.endTrial(id, i + 1, { state: "complete", value, bestStep: 20 });
  }
}

test("several studies have a row each, and agree where their intervals share a ratio", async () => {
  const { status, stdout } = await dualrate("compare", "small", "alike");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^study +trials +best ratio +by the model +95 % +best +vs 1x\nsmall +11 +10x /);
  expect(stdout).toMatch(/\nthey agree on ratios [\d.]+x to [\d.]+x: all intervals hold these\n$/);
});

test("studies whose intervals are apart do not agree, and the line says which is where", async () => {
  const { stdout } = await dualrate("compare", "small", "other");
  expect(stdout).toMatch(
    /they do not agree: the best ratio of small is at most [\d.]+x, that of other at least \d+x\n/,
  );
  const { studies, verdict } = JSON.parse((await dualrate("compare", "small", "other", "--json")).stdout);
  expect(studies.map(({ best_ratio }: { best_ratio: number }) => best_ratio)).toEqual([10, 3000]);
  expect(studies[0].estimate.low).toBeLessThanOrEqual(10);
  expect(verdict).toHaveLength(1);
});

test("too few trials for an interval leave it open", async () => {
  const { stdout } = await dualrate("compare", "small", "short");
  expect(stdout).toMatch(/short +3 +1x +- +- /);
  expect(stdout).toContain("whether they agree is not known");
});

test("studies of two metrics, or a page of several, are an error that says what to do", async () => {
  const mixed = await dualrate("compare", "small", "accurate");
  expect([mixed.status, mixed.stderr]).toEqual([2, expect.stringContaining("small by loss, accurate by accuracy")]);
  const page = await dualrate("compare", "small", "alike", "--html", "x.html");
  expect([page.status, page.stderr]).toEqual([2, expect.stringContaining("--html and --svg show one study")]);
});
