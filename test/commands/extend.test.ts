// Studies that are extended, and that begin from another one, through the commands, with real training.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openReader } from "../../src/store/reader.js";
import type { Trial } from "../../src/sweep/trial.js";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);
const run = (file: string, ...args: readonly string[]) => dualrate("run", file, "--workers", "1", "--plain", ...args);

beforeAll(async () => {
  tiny = await createTinySweep();
});
afterAll(() => tiny.dispose());

interface Stored {
  readonly trials: readonly Trial[];
  readonly planned: number | undefined;
  readonly events: readonly string[];
}

function stored(name: string): Stored {
  const reader = openReader(join(tiny.folder, "results"));
  const study = reader.study(name)?.study;
  const id = study?.id ?? 0;
  const events = reader.events(id).map(({ message }) => message);
  const found = { trials: reader.trials(id), planned: study?.plannedTrials, events };
  reader.close();
  return found;
}

const pointsOf = ({ trials }: Stored) => trials.map(({ parameters }) => JSON.stringify(parameters));
const grid = (ratios: readonly number[], warmups: readonly number[]) => ({
  parameters: { base_lr: { value: 1e-4 }, lr_ratio: { values: ratios }, warmup_ratio: { values: warmups } },
});

test("a grid that was stopped by run_cap goes on with --extend: more trials, other values, none twice and none left out", async () => {
  tiny.write("grid.yaml", { ...grid([1, 10], [0, 0.5]), name: "grid", run_cap: 2 });
  expect((await run("grid.yaml")).status).toBe(0);
  const before = stored("grid");
  expect(before.trials).toHaveLength(2);

  tiny.write("grid.yaml", { ...grid([1, 10, 100], [0, 0.5]), name: "grid" });
  const refused = await run("grid.yaml");
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("hint: Add --extend to go on")]);
  expect(stored("grid")).toEqual(before);

  const { status, stderr, stdout } = await run("grid.yaml", "--extend");
  expect(status).toBe(0);
  expect(stderr).toContain("extended:\n  run_cap: 2 -> not given\n  lr_ratio: [1,10] -> [1,10,100]\n");
  expect(stdout).toContain("6 of 6 trials");
  const after = stored("grid");
  expect(after.trials.slice(0, 2)).toEqual(before.trials);
  expect(new Set(pointsOf(after)).size).toBe(6);
  expect(after.trials).toHaveLength(6);
  expect(after.events).toContain("extended: run_cap: 2 -> not given; lr_ratio: [1,10] -> [1,10,100]");
});

test("fewer values leave the trials out of them in the ranking", async () => {
  tiny.write("grid.yaml", { ...grid([10, 30], [0]), name: "grid" });
  expect((await run("grid.yaml", "--extend")).status).toBe(0);
  const { trials, planned } = stored("grid");
  expect([trials.length, planned]).toEqual([7, 7]);
  expect(trials[6]?.rates.lr_ratio).toBe(30);
  expect(JSON.parse((await dualrate("rank", "grid", "--json")).stdout)).toHaveLength(7);
});

test("what may not change is an error that says why, and nothing is stored", async () => {
  const before = stored("grid");
  const trainer = { max_steps: 8, eval_steps: 2, batch_size: 4, max_length: 16, introduced_mask_probability: 1 };
  tiny.write("grid.yaml", { ...grid([10, 300], [0]), name: "grid", trainer, seed: 6 });
  const { status, stderr } = await run("grid.yaml", "--extend");
  expect(status).toBe(2);
  expect(stderr).toMatch(/seed: 5 -> 6 \(.*\)\n {2}trainer.max_steps: 6 -> 8 \(.*schedules.*\)/);
  expect(stderr).not.toContain("lr_ratio:");
  expect((await run("grid.yaml")).stderr).toContain("--extend takes all of these but seed, trainer.max_steps.");
  expect(stored("grid")).toEqual(before);
});

test("--extend of a study that is not there, or was not changed, says so", async () => {
  tiny.write("none.yaml", { ...grid([1], [0]), name: "none" });
  const none = await run("none.yaml", "--extend");
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('no study named "none" to extend')]);
  expect((await run("none.yaml")).status).toBe(0);
  expect((await run("none.yaml", "--extend")).stderr).toContain("nothing to extend");
});

const range = (min: number, max: number) => ({ distribution: "log_uniform_values", min, max });
const search = { method: "bayes", parameters: { base_lr: { value: 1e-4 }, lr_ratio: range(0.1, 1000) } };

test("a search that was widened goes on from what is within its new range, the same when it is cut", async () => {
  for (const name of ["wide", "cut"]) {
    tiny.write(`${name}.yaml`, { ...search, name, run_cap: 6 });
    expect((await run(`${name}.yaml`)).status).toBe(0);
  }
  const wider = { ...search, parameters: { base_lr: { value: 1e-4 }, lr_ratio: range(0.01, 100) } };
  tiny.write("wide.yaml", { ...wider, name: "wide", run_cap: 8 });
  expect((await run("wide.yaml", "--extend")).stderr).toMatch(/run_cap: 6 -> 8/);
  for (const cap of [7, 8]) {
    tiny.write("cut.yaml", { ...wider, name: "cut", run_cap: cap });
    expect((await run("cut.yaml", "--extend")).status).toBe(0);
  }
  expect(stored("wide").trials).toHaveLength(8);
  expect(pointsOf(stored("cut"))).toEqual(pointsOf(stored("wide")));
});

test("a warm start chooses the first trials by another study's, and is kept for a resume", async () => {
  const narrow = { ...search, parameters: { base_lr: { value: 1e-4 }, lr_ratio: range(0.5, 500) } };
  const warm = { ...narrow, trainer: { max_steps: 4, eval_steps: 2, batch_size: 4, max_length: 16 } };
  for (const [name, caps] of [
    ["warm", [4]],
    ["warm-cut", [2, 4]],
  ] as const) {
    for (const cap of caps) {
      tiny.write(`${name}.yaml`, { ...warm, name, run_cap: cap });
      const asked = cap === caps[0] ? ["--warm-start", "wide"] : [];
      const { status, stderr } = await run(`${name}.yaml`, ...asked);
      expect(status).toBe(0);
      if (asked.length > 0) expect(stderr).toMatch(/warm start: [3-8] trials of wide; left out: [1-5] out of range/);
    }
  }
  const best: readonly { parameters: { lr_ratio: number } }[] = JSON.parse(
    (await dualrate("rank", "wide", "--json")).stdout,
  );
  expect(pointsOf(stored("warm-cut"))).toEqual(pointsOf(stored("warm")));
  const ratios = stored("warm").trials.map(({ rates }) => rates.lr_ratio);
  expect(ratios).toHaveLength(4);
  expect(best.some(({ parameters }) => Math.abs(parameters.lr_ratio / (ratios[0] ?? 0) - 1) < 1e-6)).toBe(true);
  expect(JSON.parse((await dualrate("rank", "warm", "--json")).stdout)).toHaveLength(4);
  const plan = await dualrate("plan", "warm.yaml");
  expect(plan.stdout).toContain("5 configurations where the trials of wide promise most, then each where");
  expect(plan.stdout).toMatch(/time +nothing left: 4 trials ended/);
  expect((await dualrate("show", "warm")).stdout).toMatch(/warm start +[3-8] trials of wide/);
  const other = await run("warm.yaml", "--warm-start", "grid");
  expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('warm_start: "wide" -> "grid"')]);
});

test("warm_start: in the file names a study of another folder, relative to the file", async () => {
  tiny.write("file.yaml", { ...search, name: "file", run_cap: 1, warm_start: "results:wide" });
  const elsewhere = ["--results", join(tiny.folder, "elsewhere")];
  expect((await dualrate("plan", "file.yaml", ...elsewhere)).stdout).toContain("where the trials of wide promise most");
  const { status, stderr } = await run("file.yaml", ...elsewhere);
  expect([status, stderr]).toEqual([0, expect.stringContaining("warm start: ")]);
});

test.each<[string, object, string]>([
  ["grid", { method: "grid" }, "--warm-start would do nothing: method grid"],
  ["wide", { ...search, run_cap: 3, metric: { name: "accuracy" } }, "a warm start needs the same metric"],
  ["nothing", { ...search, run_cap: 3 }, 'no study named "nothing"'],
])("a warm start from %s that cannot be is an error before anything is stored", async (source, changes, message) => {
  tiny.write("bad.yaml", { ...changes, name: "bad" });
  const { status, stderr } = await run("bad.yaml", "--warm-start", source);
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  expect((await dualrate("show", "bad")).stderr).toContain('no study named "bad"');
});

test("a spent budget of tokens ends the run, and says so", async () => {
  // 16 texts of 6.75 tokens on average, special ones included: 4 of 16 a step.
  tiny.write("tokens.yaml", { ...grid([1, 10, 100], [0]), name: "tokens", budget: { tokens: 200 } });
  expect((await dualrate("plan", "tokens.yaml")).stdout).toContain("no trial begins after 200 tokens of all trials");
  const { status, stderr } = await run("tokens.yaml");
  expect([status, stderr]).toEqual([0, expect.stringMatching(/the budget of 200 tokens is spent \(\d+\): 2 trials/)]);
});
