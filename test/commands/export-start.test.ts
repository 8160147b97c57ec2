// What a trial starts from, as files for another trainer, and the configuration as a script for Python. That the script
// computes the trial's losses on them is checked with Python, by hand: test/golden/check_twin.py.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../../src/trainer/files/safetensors.js";
import { evaluate } from "../../src/trainer/train.js";
import { batchOf, type HuggingFaceBatch, plainRowMap, prepare } from "../golden-model.js";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;

beforeAll(async () => {
  tiny = await createTinySweep();
  const rest = { batch_size: 4, max_length: 16, introduced_mask_probability: 1, dropout: false };
  tiny.write("sweep.yaml", {
    trainer: { max_steps: 3, eval_steps: 1, gradient_accumulation_steps: 2, ...rest },
    parameters: { base_lr: { value: 1e-4 }, lr_ratio: { values: [10] } },
  });
  expect((await runDualrate(["run", "sweep.yaml"], tiny.folder)).status).toBe(0);
});
afterAll(() => tiny.dispose());

const read = (...path: string[]) => readFileSync(join(tiny.folder, ...path), "utf8");

test("the first step's batches and weights give the trial's first training loss", async () => {
  const args = ["export", "--train-batches", "batches.jsonl", "--start-weights", "start/model.safetensors"];
  const { status, stderr } = await runDualrate(args, tiny.folder);
  expect([status, stderr]).toEqual([0, expect.stringContaining("wrote batches.jsonl and start/model.safetensors")]);
  const batches = read("batches.jsonl")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as HuggingFaceBatch & { readonly step: number });
  expect(batches.map(({ step }) => step)).toEqual([1, 1, 2, 2, 3, 3]);

  const tensors = await readSafetensors(join(tiny.folder, "start/model.safetensors"));
  const table = tensors.find(({ name }) => name.endsWith("word_embeddings.weight"));
  const vocabSize = table?.shape[0] ?? 0;
  const config = JSON.parse(readFileSync(new URL("../golden/tiny-bert/config.json", import.meta.url), "utf8"));
  writeFileSync(join(tiny.folder, "start/config.json"), JSON.stringify({ ...config, vocab_size: vocabSize }));
  const { engine } = await prepare(join(tiny.folder, "start"), { task: "masked-lm" });
  const first = batches
    .filter(({ step }) => step === 1)
    .map((batch) => batchOf("masked-lm", batch, plainRowMap(vocabSize, 0)));
  const shown = JSON.parse((await runDualrate(["show", "1", "--json"], tiny.folder)).stdout);
  expect((await evaluate(engine, first)).loss).toBeCloseTo(shown.measurements[0].train_loss, 5);
});

test("--steps takes the first of them, and another file is not replaced", async () => {
  const args = ["export", "--train-batches", "two.jsonl", "--steps", "2"];
  expect((await runDualrate(args, tiny.folder)).status).toBe(0);
  expect(read("two.jsonl").trim().split("\n")).toHaveLength(4);
  expect(existsSync(join(tiny.folder, "undefined"))).toBe(false);
  const again = await runDualrate(args, tiny.folder);
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining("two.jsonl exists already")]);
});

test("a name in .py is a Python script, and PEFT has a format of its own", async () => {
  const script = await runDualrate(["export", "-o", "train.py"], tiny.folder);
  expect([script.status, script.stderr]).toEqual([0, expect.stringContaining("python train.py")]);
  expect(read("train.py")).toContain("class SplitRows(nn.Module):");
  const { stdout } = await runDualrate(["export", "--format", "peft"], tiny.folder);
  expect(stdout).toContain("TrainableTokensConfig(token_indices=ids)");
});

test.each([
  [["--train-batches", "x.jsonl", "-o", "best.yaml"], "cannot be used with option"],
  [["--steps", "2"], "--steps is for --train-batches"],
  [["--start-weights", "x.safetensors"], "--start-weights is for --train-batches"],
])("%s is refused", async (args, message) => {
  const { status, stderr } = await runDualrate(["export", ...args], tiny.folder);
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
});
