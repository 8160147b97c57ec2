import { describe, expect, test } from "vitest";
import { parseSweep } from "../../../src/sweep/sweep-file.js";
import { estimateWorkerBytes } from "../../../src/trainer/data/footprint.js";
import { edited, file } from "../../sweep/fixture.js";

const MODEL = { hidden: 256, intermediate: 1024, heads: 4, layers: 6 };
const SIZES = { parameters: 8e6, rows: 1000, targetsPerText: 20 };
/** Evaluation is not to be the larger. */
const SMALL_EVALUATION = { "max_steps: 200": "max_steps: 200\n  eval_batch_size: 1", grid: "random\nrun_cap: 5" };

function bytes(more: string): number {
  return estimateWorkerBytes(parseSweep(edited(SMALL_EVALUATION, more), file).settings, MODEL, SIZES);
}

describe("a worker's memory is estimated", () => {
  test.each([
    ["in a list", "values: [8, 64, 16]"],
    ["at a range's end", "distribution: q_log_uniform_values\n    min: 8\n    max: 64\n    q: 8"],
    ["as a constant", "value: 64"],
  ])("for the greatest batch size that is searched: %s", (_, searched) => {
    const more = `  batch_size:\n    ${searched}\n`;
    expect(bytes(more)).toBe(bytes("  batch_size: {value: 64}\n"));
    expect(bytes(more)).toBeGreaterThan(1.5 * bytes("  batch_size: {values: [8, 16]}\n"));
  });

  test("with a buffer more where gradients of several batches are added up", () => {
    const accumulated = bytes("  gradient_accumulation_steps: {values: [1, 4]}\n");
    expect(accumulated - bytes("")).toBe(4 * SIZES.parameters);
  });

  test("with an evaluation whose batch is larger", () => {
    const large = edited({ "max_steps: 200": "max_steps: 200\n  eval_batch_size: 2000" });
    expect(estimateWorkerBytes(parseSweep(large, file).settings, MODEL, SIZES)).toBeGreaterThan(3 * bytes(""));
  });
});
