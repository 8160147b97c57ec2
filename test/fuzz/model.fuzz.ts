// A model's files: safetensors headers and bytes, index files, config.json, tokenizer.json.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Random } from "../../src/random.js";
import { loadTokenizer } from "../../src/trainer/data/tokenizer.js";
import { readCheckpoint, writeCheckpoint } from "../../src/trainer/files/checkpoint.js";
import { readModelFolder } from "../../src/trainer/files/huggingface.js";
import { readMetadata, readSafetensors } from "../../src/trainer/files/safetensors.js";
import { buildModel } from "../../src/trainer/models/registry.js";
import { layOut } from "../../src/trainer/optim/layout.js";
import { checkTensors, openCheckpoint, writeInitialValues } from "../../src/trainer/weights.js";
import { fuzz } from "./fuzz.js";
import { damagedBytes, damagedJson, damagedText, type Json, pick } from "./mutate.js";

const GOLDEN = new URL("../golden/", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "dualrate-fuzz-model-"));
afterAll(() => rmSync(folder, { recursive: true }));

function safetensors(header: string, data: Buffer, length = BigInt(Buffer.byteLength(header))): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt.asUintN(64, length));
  return Buffer.concat([prefix, Buffer.from(header), data]);
}

const HEADER = {
  __metadata__: { format: "pt" },
  "a.weight": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
  "a.bias": { dtype: "BF16", shape: [3], data_offsets: [24, 30] },
  half: { dtype: "F16", shape: [1], data_offsets: [30, 32] },
  position_ids: { dtype: "I64", shape: [1, 2], data_offsets: [32, 48] },
} satisfies Json;
const DATA = Buffer.from(Array.from({ length: 48 }, (_, i) => (i * 37) % 256));

const LENGTHS = [0n, 1n, 7n, 8n, 100_000_000n, 2n ** 31n, 2n ** 53n, 2n ** 63n, -1n];

function damagedSafetensors(random: Random): Buffer {
  switch (random.below(3)) {
    case 0:
      return damagedBytes(random, safetensors(JSON.stringify(HEADER), DATA));
    case 1:
      return safetensors(JSON.stringify(HEADER), DATA, pick(random, LENGTHS));
    default: {
      const cut = DATA.subarray(0, random.below(2) === 0 ? DATA.length : random.below(DATA.length));
      return safetensors(JSON.stringify(damagedJson(random, HEADER)), cut);
    }
  }
}

test("a damaged safetensors file is refused, or read whole", async () => {
  const file = join(folder, "model.safetensors");
  const { failures, refused, accepted } = await fuzz({
    name: "safetensors",
    input: damagedSafetensors,
    run: async (bytes) => {
      writeFileSync(file, bytes);
      const tensors = await readSafetensors(file);
      for (const { shape, data } of tensors) expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      await readMetadata(file);
    },
  });
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(accepted);
  expect(accepted).toBeGreaterThan(0);
});

test("a damaged checkpoint is never taken up as if it were whole, nor stops the trial", async () => {
  const file = join(folder, "checkpoint.safetensors");
  const tensor = { value: Float32Array.of(1, 2), m: Float32Array.of(3, 4), v: Float32Array.of(5, 6) };
  const progress = { step: 3, due: null, best: null, trainLoss: { sum: 1, weight: 2 }, measurements: [], seconds: 1 };
  const checkpoint = { progress, state: { step: 3, tensors: new Map([["w", tensor]]) } };
  await writeCheckpoint(file, "fingerprint", checkpoint);
  const whole = readFileSync(file);
  const { failures } = await fuzz({
    name: "checkpoint",
    input: (random) => damagedBytes(random, whole),
    run: async (bytes) => {
      writeFileSync(file, bytes);
      const found = await readCheckpoint(file, "fingerprint");
      // What says nothing may change: a space after the header.
      if (found.kind === "found") expect(found).toEqual({ kind: "found", ...checkpoint });
    },
  });
  expect(failures).toEqual([]);
});

const MODELS = [
  "tiny-bert",
  "tiny-albert",
  "tiny-distilbert",
  "tiny-electra",
  "tiny-roberta",
  "tiny-gpt2",
  "tiny-llama",
];
const CONFIGS = MODELS.map((name) => JSON.parse(readFileSync(new URL(`${name}/config.json`, GOLDEN), "utf8")) as Json);
const TASKS = ["masked-lm", "causal-lm", "sequence-classification", "token-classification"] as const;
const CHECKPOINTS = await Promise.all(
  MODELS.map(async (name) =>
    openCheckpoint(await readSafetensors(new URL(`${name}/model.safetensors`, GOLDEN).pathname)),
  ),
);

test("a damaged config.json is refused, or describes the weights", async () => {
  const { failures, refused, accepted } = await fuzz({
    name: "config.json",
    input: (random) => {
      const which = random.below(MODELS.length);
      const own =
        which < 5
          ? pick(random, ["masked-lm", "sequence-classification", "token-classification"] as const)
          : "causal-lm";
      const task = random.below(10) === 0 ? pick(random, TASKS) : own;
      return { which, task, config: damagedJson(random, CONFIGS[which] as Json) };
    },
    run: ({ which, task, config }) => {
      const checkpoint = CHECKPOINTS[which]!;
      const options = { task, rows: 61, classes: 3, has: (tensor: string) => checkpoint.find(tensor) !== undefined };
      const json = config !== null && typeof config === "object" && !Array.isArray(config) ? config : {};
      const model = buildModel(json, options);
      const ids = Int32Array.from({ length: 61 }, (_, id) => id);
      const rowMap = { rowOfId: ids, idOfRow: ids, baseRows: 61, introducedRows: 0, tokenGroups: [] };
      checkTensors(model, { checkpoint, rowMap });
      const layout = layOut(model, rowMap);
      const source = { checkpoint, rowMap, introducedPart: () => new Float32Array(), seed: 0 };
      writeInitialValues(new Float32Array(layout.size), model, layout, source);
    },
  });
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(accepted / 10);
  expect(accepted).toBeGreaterThan(0);
});

const TOKENIZERS = ["bert", "albert", "roberta"].map((name) => {
  const read = (file: string) => readFileSync(new URL(`tokenizers/${name}/${file}`, GOLDEN), "utf8");
  return { json: read("tokenizer.json"), config: read("tokenizer_config.json") };
});
const SENTENCES = ["the cat sat <NEW> on a mat", "Ünïcode  <NEW>s, 42!", "\u{1f600} \0 x".repeat(3)];

test("a damaged tokenizer is refused, or reads texts", async () => {
  const where = join(folder, "tokenizer");
  cpSync(new URL("tokenizers/bert", GOLDEN), where, { recursive: true });
  const { failures, refused, accepted } = await fuzz({
    name: "tokenizer.json",
    input: (random) => {
      const whole = pick(random, TOKENIZERS);
      const damaged = (text: string) =>
        random.below(3) === 0 ? damagedText(random, text) : JSON.stringify(damagedJson(random, JSON.parse(text)));
      return random.below(5) === 0
        ? { ...whole, config: damaged(whole.config) }
        : { ...whole, json: damaged(whole.json) };
    },
    run: async ({ json, config }) => {
      writeFileSync(join(where, "tokenizer.json"), json);
      writeFileSync(join(where, "tokenizer_config.json"), config);
      const tokenizer = await loadTokenizer(where, { tokens: ["<NEW>"], special: false });
      for (const sentence of SENTENCES) {
        // Ids for which the model has no row, whatever they are, are refused when they become rows.
        tokenizer.encode(sentence, 16);
        tokenizer.encodeWords(sentence.split(" "), 16);
      }
      tokenizer.pairs().encode("a", "b", 16);
      tokenizer.wordParts();
    },
  });
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(accepted / 10);
  expect(accepted).toBeGreaterThan(0);
});

test("a damaged model folder is refused, or read", async () => {
  const where = join(folder, "sharded");
  cpSync(new URL("tokenizers/bert", GOLDEN), where, { recursive: true });
  writeFileSync(join(where, "config.json"), '{"model_type": "bert"}');
  writeFileSync(join(where, "one.safetensors"), safetensors(JSON.stringify(HEADER), DATA));
  const index = { metadata: {}, weight_map: { "a.weight": "one.safetensors", "a.bias": "one.safetensors" } };
  const { failures } = await fuzz({
    name: "index",
    input: (random) =>
      random.below(2) === 0 ? damagedText(random, JSON.stringify(index)) : JSON.stringify(damagedJson(random, index)),
    run: async (text) => {
      writeFileSync(join(where, "model.safetensors.index.json"), text);
      await readModelFolder(where);
    },
  });
  expect(failures).toEqual([]);
});
