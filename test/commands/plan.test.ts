// What `plan` lists of a search, says of the study that it has started already, and measures with --calibrate.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);
const results = () => join(tiny.folder, "results");

beforeAll(async () => {
  tiny = await createTinySweep();
});
afterAll(() => tiny.dispose());

const ratios = (...values: readonly number[]) => ({
  parameters: { base_lr: { value: 1e-4 }, lr_ratio: { values }, warmup_ratio: { value: 0 } },
});
const numbered = (text: string) => [...text.matchAll(/^ +(\d+) +\S+x /gm)].map(([, number]) => Number(number));

test("a grid is listed whole, a long one by its first and its last configurations with how many lie between", async () => {
  const values = Array.from({ length: 50 }, (_, i) => i + 1);
  tiny.write("long.yaml", { ...ratios(...values), name: "long" });
  const whole = (await dualrate("plan", "long.yaml", "--limit", "50")).stdout;
  expect(numbered(whole)).toEqual(values);
  expect(whole).not.toContain("more");
  const { stdout } = await dualrate("plan", "long.yaml");
  expect(numbered(stdout)).toEqual([...values.slice(0, 37), 48, 49, 50]);
  expect(stdout).toMatch(/\n +37 .*\nand 10 more\n +48 +48x .*\n/);
});

test("of a Bayesian search the initial design and the budget are told", async () => {
  const lr_ratio = { distribution: "log_uniform_values", min: 0.1, max: 1000 };
  const parameters = { base_lr: { value: 1e-4 }, lr_ratio };
  tiny.write("bayes.yaml", { method: "bayes", parameters, name: "bayes", budget: { minutes: 5, tokens: 9000 } });
  const { stdout } = await dualrate("plan", "bayes.yaml");
  expect(numbered(stdout)).toEqual([1, 2, 3, 4, 5]);
  expect(stdout).toContain("5 configurations spread over the space, then each where the ended trials promise most");
  expect(stdout).toContain("no trial begins after 5 minutes or 9,000 tokens of all trials");
  expect(stdout).toContain("and any number more");
});

test("--calibrate tells the time of the sweep and the peak memory, as text and JSON, and stores nothing", async () => {
  const batch_size = { values: [2, 4] };
  tiny.write("cost.yaml", { parameters: { ...ratios(1, 10).parameters, batch_size }, name: "cost", trainer: TRAINER });
  const { status, stdout, stderr } = await dualrate("plan", "cost.yaml", "--calibrate");
  expect([status, stderr]).toEqual([0, expect.stringContaining("calibrating")]);
  expect(stdout).toMatch(
    /calibrated {2}largest configuration: \S+ ms a step, \S+ ms an evaluation, \S+ s to compile\n/,
  );
  expect(stdout).toMatch(/\n +about \S+ in all at \d+ workers?, \S+ a trial, where none is ended early\n/);
  expect(stdout).toMatch(/\n +peak memory .*B a worker, estimated /);
  const { calibration } = JSON.parse((await dualrate("plan", "cost.yaml", "--calibrate", "--json")).stdout);
  for (const key of ["seconds_per_step", "seconds_per_evaluation", "seconds_per_trial", "total_seconds"]) {
    expect(calibration[key], key).toBeGreaterThan(0);
  }
  expect(calibration.peak_bytes).toBeGreaterThan(0);
  expect(existsSync(results())).toBe(false);
});

const TRAINER = { max_steps: 6, eval_steps: 2, max_length: 16, introduced_mask_probability: 1 };

test("a best ratio at an end of those tried is a warning that names the line, until the file goes beyond it", async () => {
  tiny.write("edge.yaml", { ...ratios(1, 100), name: "edge" });
  expect((await dualrate("plan", "edge.yaml")).stdout).not.toContain("widen");
  expect((await dualrate("run", "edge.yaml", "--plain")).status).toBe(0);
  const { best_ratio: best } = JSON.parse((await dualrate("compare", "edge", "--json")).stdout);
  const { stdout } = await dualrate("plan", "edge.yaml");
  const end = best === 100 ? "highest" : "lowest";
  expect(stdout).toMatch(
    new RegExp(
      `warning {5}best ratio so far ${best}x: this is the ${end} of 2 ratios: widen the range, e.g. with .*\\(lr_ratio, edge\\.yaml:\\d+\\), then run --extend`,
    ),
  );
  expect(JSON.parse((await dualrate("plan", "edge.yaml", "--json")).stdout).warnings).toHaveLength(1);

  tiny.write("edge.yaml", { ...ratios(0.01, 1, 100, 10_000), name: "edge" });
  const wider = await dualrate("plan", "edge.yaml");
  expect(wider.stdout).not.toContain("widen");
  expect(wider.stdout).toContain(
    "study       stored with 2 trials; changed since: lr_ratio: [1,100] -> [0.01,1,100,10000]",
  );
  expect(wider.stderr).toContain("next: dualrate run edge.yaml --extend");
});

test("a file that cannot go on with the study of its name says what stands against it", async () => {
  tiny.write("edge.yaml", { ...ratios(1, 100), name: "edge", seed: 9 });
  const { stdout, stderr } = await dualrate("plan", "edge.yaml");
  expect(stdout).toContain("and another definition, which this file cannot go on with: seed: 5 -> 9");
  expect(stderr).not.toContain("--extend");
});
