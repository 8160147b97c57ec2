// The way of a sweep through the commands: planned, run, resumed, ranked, compared, exported, and trained again.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
let folder: string;
const dualrate = (...args: readonly string[]) => runDualrate(args, folder);
const writeSweep = (file: string, changes: object = {}) => tiny.write(file, changes);

beforeAll(async () => {
  tiny = await createTinySweep();
  folder = tiny.folder;
  writeSweep("sweep.yaml");
});
afterAll(() => tiny.dispose());

test("a vocabulary's own token is an error of the run before anything is stored", async () => {
  writeSweep("known.yaml", { introduced_tokens: { tokens: ["cat"] } });
  const { status, stdout, stderr } = await dualrate("run", "known.yaml");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^error: .*cat[^\n]*\n/);
  expect(stderr).toMatch(/\n {2}at known\.yaml:\d+\n {2}hint: /);
  expect(existsSync(join(folder, "results"))).toBe(false);
});

test("plan says how many trials of how many steps there would be, and stores nothing", async () => {
  const { status, stdout } = await dualrate("plan", "sweep.yaml", "--limit", "3");
  expect(status).toBe(0);
  expect(stdout).toContain("tiny: 4 trials of 6 steps, ranked by loss");
  expect(stdout).toContain("grid: 2 lr_ratio x 2 warmup_ratio");
  expect(stdout).toContain("introduced  <new> x8, zyx x8");
  expect(stdout).toMatch(/\n +2 +1x .*\nand 1 more\n +4 +10x +1\.0e-4 +1\.0e-3 +0\.5\n$/);
  const plan = JSON.parse((await dualrate("plan", "sweep.yaml", "--json")).stdout);
  expect(plan).toMatchObject({ name: "tiny", planned_trials: 4, summary: { train_examples: 16 } });
  expect(plan.trials[3]).toMatchObject({ number: 4, steps: 6, parameters: { intro_lr: 1e-3, warmup_ratio: 0.5 } });
  expect(existsSync(join(folder, "results"))).toBe(false);
});

test("a sweep runs to its ranking, and its best trial is reproduced from its export to the last digit", async () => {
  const ran = await dualrate("run", "sweep.yaml", "--json");
  expect([ran.status, ran.stderr]).toEqual([0, expect.stringContaining("Best ratio")]);
  const events = ran.stdout.trimEnd().split("\n");
  expect(events.map((line) => JSON.parse(line).event).filter((event) => event === "complete")).toHaveLength(4);
  const ranked = JSON.parse((await dualrate("rank", "--json")).stdout);
  expect(ranked.map(({ state }: { state: string }) => state)).toEqual(Array(4).fill("complete"));

  expect((await dualrate("export", "-o", "out/best.yaml")).status).toBe(0);
  const trained = await dualrate("train", "out/best.yaml", "--strict");
  expect(trained.stdout).toContain(`loss ${ranked[0].value} after step ${ranked[0].best_step}\nreproduced exactly`);
  expect(trained.status).toBe(0);
  expect(trained.stderr.match(/^step \d/gm)).toHaveLength(3);
  expect(trained.stderr).toMatch(/\nnext: dualrate export tiny --trial \d --checkpoint best-model\n$/);
});

test("the same file again repeats nothing, and says that it has finished", async () => {
  const before = (await dualrate("rank", "--json")).stdout;
  const { status, stdout, stderr } = await dualrate("run", "sweep.yaml");
  expect(status).toBe(0);
  expect(stderr).toContain("tiny has finished already");
  expect(stdout).toContain("Best ratio");
  expect((await dualrate("rank", "--json")).stdout).toBe(before);
});

test("train says how an edited export differs, and fails under --strict alone", async () => {
  const text = readFileSync(join(folder, "out/best.yaml"), "utf8");
  writeFileSync(join(folder, "out/edited.yaml"), text.replace(/base_lr: .*/, "base_lr: {value: 0.01}"));
  const { status, stdout } = await dualrate("train", "out/edited.yaml");
  expect(status).toBe(0);
  expect(stdout).toMatch(/differs from trial \d of tiny: loss was [\d.]+ after step \d \([+-]/);
  const strict = await dualrate("train", "out/edited.yaml", "--strict", "--json");
  expect(strict.status).toBe(1);
  expect(JSON.parse(strict.stdout)).toMatchObject({ state: "complete", reproduction: { kind: "different" } });
});

test("train refuses a grid of several configurations", async () => {
  const { status, stderr } = await dualrate("train", "sweep.yaml");
  expect(status).toBe(2);
  expect(stderr).toContain("train takes one configuration; this file's grid has 4");
});

test("--strict makes a diverged trial the sweep's exit status", async () => {
  const parameters = { base_lr: { value: 1e30 }, lr_ratio: { value: 1 } };
  writeSweep("diverge.yaml", { name: "diverge", parameters });
  const { status, stdout } = await dualrate("run", "diverge.yaml", "--strict");
  expect(stdout).toContain("1 diverged");
  expect(status).toBe(3);
  expect((await dualrate("run", "diverge.yaml", "--strict")).status).toBe(3);
  expect((await dualrate("run", "diverge.yaml")).status).toBe(0);
});

test("a random search runs its draws, and a larger run_cap goes on with the same ones", async () => {
  const random = {
    name: "random",
    method: "random",
    parameters: {
      base_lr: { distribution: "log_uniform_values", min: 1e-5, max: 1e-3 },
      lr_ratio: { distribution: "log_uniform_values", min: 0.1, max: 100 },
      lr_scheduler_type: { values: ["linear", "cosine"] },
    },
  };
  const rank = async () => JSON.parse((await runDualrate(["rank", "random", "--json"], tiny.folder)).stdout);
  tiny.write("random.yaml", { ...random, run_cap: 2 });
  expect((await runDualrate(["run", "random.yaml"], tiny.folder)).status).toBe(0);
  const first = await rank();
  tiny.write("random.yaml", { ...random, run_cap: 5 });
  expect((await runDualrate(["run", "random.yaml"], tiny.folder)).status).toBe(0);
  const all: { number: number; parameters: { lr_ratio: number } }[] = await rank();
  expect(all.filter(({ number }) => number <= 2)).toEqual(first);
  expect(new Set(all.map(({ parameters }) => parameters.lr_ratio)).size).toBe(5);
  const compared = await runDualrate(["compare", "random"], tiny.folder);
  expect([compared.status, compared.stdout]).toEqual([0, expect.stringContaining("lr_ratio")]);
});
