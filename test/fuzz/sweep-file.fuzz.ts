// Sweep files, damaged as text and in their structure, up to the first trial's configuration.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { createPruner, createSampler } from "../../src/planner/planner.js";
import { createStudyPlan } from "../../src/planner/study-plan.js";
import type { Random } from "../../src/random.js";
import { TrialFiles } from "../../src/runner/trial-files.js";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { resolveConfig } from "../../src/trainer/config.js";
import { fuzz } from "./fuzz.js";
import { damagedJson, damagedText, type Json, pick } from "./mutate.js";

const DEMO = new URL("../../sweeps/demo/", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "dualrate-fuzz-sweep-"));
mkdirSync(join(folder, "model"));
for (const name of ["config.json", "tokenizer.json", "model.safetensors"])
  writeFileSync(join(folder, "model", name), "{}");
for (const name of ["train.jsonl", "valid.jsonl"]) copyFileSync(new URL(name, DEMO), join(folder, name));
afterAll(() => rmSync(folder, { recursive: true }));

const BAYES = `name: everything
model: model
task: token-classification
data: {file: train.jsonl, split: {validation: 0.1, test: 0.1, seed: 3}, format: auto, text: words, label: tags}
introduced_tokens: {pattern: '<\\w+>', max_tokens: 12, init: mean_resizing, special: true}
token_groups: {cls: ["[CLS]"], ends: ["[SEP]", "."]}
trainer: {num_train_epochs: 3, eval_steps: 5, batch_size: 8, row_updates: lazy, max_trial_minutes: 3}
method: bayes
run_cap: 12
metric: {name: f1, goal: maximize}
constraints: [intro_lr <= 1e-2]
enqueue: [{base_lr: 1e-4, lr_ratio: 8, introduced_warmup_ratio: 0.1, lr_scheduler_type: linear, weight_decay: 0.01}]
replicates: 2
final: {top: 2, seeds: 3}
budget: {minutes: 10, steps: 4000}
early_terminate: {type: hyperband, min_iter: 1, eta: 3}
parameters:
  base_lr: {distribution: log_uniform_values, min: 1e-6, max: 1e-3}
  lr_ratio: {distribution: q_log_uniform_values, min: 1, max: 1000, q: 1}
  introduced_warmup_ratio: {values: [0, 0.1]}
  lr_scheduler_type: {values: [linear, cosine]}
  weight_decay: {distribution: normal, mu: 0, sigma: 0.1}
`;

const CORPUS = [readFileSync(new URL("sweep.yaml", DEMO), "utf8"), BAYES];
const PARSED = CORPUS.map((text) => parse(text) as Json);

function input(random: Random): string {
  if (random.below(2) === 0) return damagedText(random, pick(random, CORPUS), CORPUS);
  const damaged = damagedJson(random, pick(random, PARSED));
  const deep = JSON.stringify(damaged)?.includes("[[[[[[[[") || JSON.stringify(damaged)?.includes('{"a":{"a":');
  return random.below(8) === 0 || deep ? JSON.stringify(damaged) : stringify(damaged);
}

/** As `run` does before it stores anything. */
function run(text: string): void {
  const sweep = parseSweep(text, join(folder, "sweep.yaml"));
  const trial = resolve(new TrialFiles("results", sweep.name).checkpoint(1));
  if (!trial.startsWith(resolve("results", sweep.name))) throw new Error(`it would write to ${trial}`);
  const history = { finished: [], running: [], goal: sweep.metric.goal, seed: sweep.seed };
  const first = createSampler(sweep).suggest(sweep.space, history, 1);
  if (first) resolveConfig(sweep.settings, first, { seed: 1, trainExamples: 1000 });
  createPruner(sweep, 1000);
  createStudyPlan(sweep, createSampler(sweep)).next(history, []);
}

test("a damaged sweep file is refused with a reason, or runs", async () => {
  const { failures, refused, accepted } = await fuzz({ name: "sweep file", input, run });
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(accepted / 10);
  expect(accepted).toBeGreaterThan(0);
});

test("the corpus itself is accepted", () => {
  for (const text of CORPUS) run(text);
});
