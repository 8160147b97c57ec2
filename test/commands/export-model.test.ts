// Trained models as Hugging Face folders: read back by our own reader, they give the trial's loss on the exported batches.
// test/golden/check_export.py does the same in Python.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Task } from "../../src/sweep/settings.js";
import { readSafetensors } from "../../src/trainer/files/safetensors.js";
import { evaluate } from "../../src/trainer/train.js";
import { batchOf, type HuggingFaceBatch, plainRowMap, prepare } from "../golden-model.js";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
let ranked: readonly { readonly number: number; readonly value: number }[];

beforeAll(async () => {
  tiny = await createTinySweep();
  tiny.write("sweep.yaml");
  expect((await runDualrate(["run", "sweep.yaml"], tiny.folder)).status).toBe(0);
  ranked = JSON.parse((await runDualrate(["rank", "--json"], tiny.folder)).stdout);
});
afterAll(() => tiny.dispose());

const json = (...path: string[]) => JSON.parse(readFileSync(join(tiny.folder, ...path), "utf8"));

/** The exported model's loss on the exported batches. */
async function lossOf(
  folder: string,
  batchFile: string,
  { task, within }: { readonly task: Task; readonly within: TinySweep } = { task: "masked-lm", within: tiny },
): Promise<number | null> {
  const model = join(within.folder, folder);
  const rowMap = plainRowMap(JSON.parse(readFileSync(join(model, "config.json"), "utf8")).vocab_size, 0);
  const { engine } = await prepare(model, { task });
  const lines = readFileSync(join(within.folder, batchFile), "utf8").trim().split("\n");
  const batches = lines.map((line) => batchOf(task, JSON.parse(line) as HuggingFaceBatch, rowMap));
  return (await evaluate(engine, batches)).loss;
}

test("the best trial's kept weights come out as a folder with the trial's loss", async () => {
  const args = ["export", "--checkpoint", "best", "--batches", "batches.jsonl"];
  const { status, stderr } = await runDualrate(args, tiny.folder);
  expect([status, stderr]).toEqual([0, expect.stringContaining("wrote best")]);
  expect(stderr).not.toContain("training it again");
  expect(await lossOf("best", "batches.jsonl")).toBeCloseTo(ranked[0]!.value, 5);
  expect(json("best", "config.json")).toMatchObject({ architectures: ["BertForMaskedLM"] });
  const contents = json("best", "tokenizer.json").added_tokens.map(({ content }: { content: string }) => content);
  expect(contents.slice(-2)).toEqual(["<new>", "zyx"]);
  expect(json("best", "trainer_state.json")).toMatchObject({ best_metric: ranked[0]!.value });
  expect(readFileSync(join(tiny.folder, "best", "README.md"), "utf8")).toMatch(/^---\nlibrary_name: transformers\n/);
});

test("a trial whose weights were not kept is trained again, and comes out with its own loss", async () => {
  const { number, value } = ranked.at(-1)!;
  const args = ["export", "--trial", String(number), "--checkpoint", "worst", "--batches", "again.jsonl"];
  const { status, stderr } = await runDualrate(args, tiny.folder);
  expect([status, stderr]).toEqual([0, expect.stringContaining("training it again")]);
  expect(await lossOf("worst", "again.jsonl")).toBeCloseTo(value, 5);
});

test("an exported folder is a model to sweep over again, which knows its tokens", async () => {
  tiny.write("again.yaml", { name: "again", model: join(tiny.folder, "best") });
  const { status, stderr } = await runDualrate(["plan", "again.yaml"], tiny.folder);
  expect([status, stderr]).toEqual([2, expect.stringContaining('already has the introduced token "<new>"')]);
});

test("a folder's model is replaced with --force alone, and what else lies there is left", async () => {
  writeFileSync(join(tiny.folder, "best", "notes.txt"), "mine");
  const refused = await runDualrate(["export", "--checkpoint", "best"], tiny.folder);
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("best exists already")]);
  expect((await runDualrate(["export", "--checkpoint", "best", "--force"], tiny.folder)).status).toBe(0);
  expect(readFileSync(join(tiny.folder, "best", "notes.txt"), "utf8")).toBe("mine");
});

test("a target of the wrong kind is an error before any work, and a missing folder is made", async () => {
  writeFileSync(join(tiny.folder, "file"), "mine");
  const onFile = await runDualrate(["export", "--checkpoint", "file", "--force"], tiny.folder);
  expect([onFile.status, onFile.stderr]).toEqual([2, expect.stringContaining("file must be a folder, and is a file")]);
  const onFolder = ["export", "--checkpoint", "third", "--batches", "best", "--force"];
  expect((await runDualrate(onFolder, tiny.folder)).stderr).toContain("best must be a file, and is a folder");
  expect(readFileSync(join(tiny.folder, "file"), "utf8")).toBe("mine");
  const deep = ["export", "--checkpoint", "a/b/model", "--batches", "c/d/batches.jsonl"];
  expect((await runDualrate(deep, tiny.folder)).status).toBe(0);
  expect(await lossOf("a/b/model", "c/d/batches.jsonl")).toBeCloseTo(ranked[0]!.value, 5);
});

test.each([
  ["tiny-gpt2", "GPT2LMHeadModel", "h.0.attn.c_attn.weight", [24, 72]],
  ["tiny-llama-untied", "LlamaForCausalLM", "lm_head.weight", [41, 16]],
])("%s, trained for causal-lm, comes out whole, with the trial's loss", async (golden, architecture, name, shape) => {
  const decoder = await createTinySweep(golden);
  onTestFinished(() => decoder.dispose());
  const trainer = { max_steps: 6, eval_steps: 2, batch_size: 4, max_length: 16 };
  decoder.write("sweep.yaml", { task: "causal-lm", trainer });
  const ran = await runDualrate(["run", "sweep.yaml"], decoder.folder);
  expect([ran.status, ran.stderr]).toEqual([0, expect.any(String)]);
  const [best] = JSON.parse((await runDualrate(["rank", "--json"], decoder.folder)).stdout);
  const args = ["export", "--checkpoint", "best", "--batches", "batches.jsonl"];
  const { stderr } = await runDualrate(args, decoder.folder);
  expect(stderr).toContain("AutoModelForCausalLM");
  expect(await lossOf("best", "batches.jsonl", { task: "causal-lm", within: decoder })).toBeCloseTo(best.value, 5);
  const config = JSON.parse(readFileSync(join(decoder.folder, "best", "config.json"), "utf8"));
  expect(config).toMatchObject({ architectures: [architecture] });
  const tensors = await readSafetensors(join(decoder.folder, "best", "model.safetensors"));
  expect(tensors.find((tensor) => tensor.name.endsWith(name))?.shape).toEqual(shape);
});
