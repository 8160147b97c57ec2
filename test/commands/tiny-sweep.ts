// A sweep that takes seconds: a tiny random model of test/golden, BERT unless said otherwise, with a tokenizer of twenty
// words, in a folder of its own.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { jsonl, tinyModel } from "../trainer/data/tiny-model.js";

const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));
const TEXTS = ["the cat sees <new>", "a big dog sees the <new>", "zyx sees a red cat", "the zyx sees the dog"];

export interface TinySweep {
  readonly folder: string;
  /** The model's folder. */
  readonly model: string;
  /** Writes a sweep of four trials, with `changes` to its top-level keys, as `file` in the folder. */
  write(file: string, changes?: object): void;
  dispose(): void;
}

export async function createTinySweep(golden = "tiny-bert"): Promise<TinySweep> {
  const folder = mkdtempSync(join(tmpdir(), "dualrate-"));
  const model = await tinyModel();
  for (const file of ["config.json", "model.safetensors"]) copyFileSync(join(GOLDEN, golden, file), join(model, file));
  const examples = Array.from({ length: 16 }, (_, i) => ({ text: TEXTS[i % TEXTS.length] }));
  const data = { train: await jsonl(examples), validation: await jsonl(examples.slice(0, 8)) };
  const sweep = {
    name: "tiny",
    model,
    task: "masked-lm",
    data,
    introduced_tokens: { tokens: ["<new>", "zyx"] },
    trainer: { max_steps: 6, eval_steps: 2, batch_size: 4, max_length: 16, introduced_mask_probability: 1 },
    method: "grid",
    seed: 5,
    parameters: { base_lr: { value: 1e-4 }, lr_ratio: { values: [1, 10] }, warmup_ratio: { values: [0, 0.5] } },
  };
  return {
    folder,
    model,
    write: (file, changes = {}) => writeFileSync(join(folder, file), stringify({ ...sweep, ...changes })),
    dispose: () => {
      for (const path of [folder, model]) rmSync(path, { recursive: true });
    },
  };
}
