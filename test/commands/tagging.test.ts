// Token classification from CoNLL columns to the exported folder: trials ranked by the F1 of their entities.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../../src/trainer/files/safetensors.js";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

const SENTENCE = "the O\ncat B-A\n<new> I-A\nsees O\na O\nbig B-B\nzyx I-B\n";

let tiny: TinySweep;

beforeAll(async () => {
  tiny = await createTinySweep();
  writeFileSync(join(tiny.folder, "words.conll"), `-DOCSTART- O\n\n${`${SENTENCE}\n`.repeat(8)}`);
  tiny.write("sweep.yaml", {
    task: "token-classification",
    data: { train: "words.conll", validation: "words.conll" },
    trainer: { max_steps: 40, eval_steps: 20, batch_size: 4, max_length: 16, dropout: false },
    metric: { name: "f1" },
    parameters: { base_lr: { value: 1e-2 }, lr_ratio: { values: [1, 10] } },
  });
  expect(await runDualrate(["run", "sweep.yaml"], tiny.folder)).toMatchObject({ status: 0 });
});
afterAll(() => tiny.dispose());

test("trials are ranked by F1, highest first, and learn what the sentence repeats", async () => {
  const ranked = JSON.parse((await runDualrate(["rank", "--json"], tiny.folder)).stdout) as { value: number }[];
  expect(ranked.map(({ value }) => value)).toEqual(ranked.map(({ value }) => value).sort((a, b) => b - a));
  expect(ranked[0]?.value).toBe(1);
});

test("show has the F1 of every evaluation, and no perplexity", async () => {
  const { stdout } = await runDualrate(["show", "tiny", "1"], tiny.folder);
  expect(stdout).toMatch(/accuracy +f1 +time/);
  expect(stdout).not.toContain("perplexity");
});

test("the exported folder is a Hugging Face token classifier with its tags' names", async () => {
  const args = ["export", "--checkpoint", "best", "--batches", "batches.jsonl"];
  const { status, stderr } = await runDualrate(args, tiny.folder);
  expect([status, stderr]).toEqual([0, expect.stringContaining("AutoModelForTokenClassification")]);
  expect(JSON.parse(readFileSync(join(tiny.folder, "best", "config.json"), "utf8"))).toMatchObject({
    architectures: ["BertForTokenClassification"],
    id2label: { 0: "B-A", 1: "B-B", 2: "I-A", 3: "I-B", 4: "O" },
    label2id: { "B-A": 0, "B-B": 1, "I-A": 2, "I-B": 3, O: 4 },
  });
  const tensors = await readSafetensors(join(tiny.folder, "best", "model.safetensors"));
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  expect(shapes.get("classifier.weight")).toEqual([5, 32]);
  expect(shapes.has("bert.pooler.dense.weight")).toBe(false);
  const [batch = ""] = readFileSync(join(tiny.folder, "batches.jsonl"), "utf8").split("\n");
  // [CLS] the cat <new> sees a big zyx [SEP], padded to 16
  expect(JSON.parse(batch).labels[0]).toEqual([-100, 4, 0, 2, 4, 4, 1, 3, ...Array(8).fill(-100)]);
});

test("a study of masked-lm shows its perplexity, the exponential of the loss", async () => {
  tiny.write("words.yaml", { name: "words", parameters: { base_lr: { value: 1e-4 }, lr_ratio: { value: 1 } } });
  expect(await runDualrate(["run", "words.yaml"], tiny.folder)).toMatchObject({ status: 0 });
  const { stdout } = await runDualrate(["show", "words", "1"], tiny.folder);
  const { measurements } = JSON.parse((await runDualrate(["show", "words", "1", "--json"], tiny.folder)).stdout);
  expect(stdout).toContain(`  ${Math.exp(measurements[0].validation.loss).toPrecision(4)}  `);
  expect(stdout).toMatch(/accuracy +perplexity +time/);
});
