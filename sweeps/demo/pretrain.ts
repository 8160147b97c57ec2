// Pretrains the demo's base model from nothing with this project's own engine, on texts without the held-out nouns, and
// writes it to sweeps/demo/model. Run from the repository's root; README.md beside this file has the commands.
import { join } from "node:path";
import { createTrainingBatches, validationBatches } from "../../src/trainer/data/batches.js";
import type { EncodedSplit, SharedInputs } from "../../src/trainer/data/inputs.js";
import { buildRowMap } from "../../src/trainer/data/row-map.js";
import type { StepRates } from "../../src/trainer/engine/engine.js";
import { OnnxEngine } from "../../src/trainer/engine/onnx/engine.js";
import { createRuntime } from "../../src/trainer/engine/runtime.js";
import { writeSafetensors } from "../../src/trainer/files/safetensors.js";
import { buildModel } from "../../src/trainer/models/registry.js";
import { layOut } from "../../src/trainer/optim/layout.js";
import { scheduleMultiplier } from "../../src/trainer/optim/schedule.js";
import { evaluate } from "../../src/trainer/train.js";
import { openCheckpoint, toTensors, writeInitialValues } from "../../src/trainer/weights.js";
import { CONFIG, idsOf, initialTensor, SPECIAL_IDS, WORDS, writeModelFiles } from "./base-model.js";
import { KNOWN_NOUNS, texts } from "./grammar.js";

const FOLDER = "sweeps/demo/model";
const SEED = 2;
const STEPS = 8000;
const LEARNING_RATE = 3e-3;
const REPORT_STEPS = 500;
const TRAIN_TEXTS = 60_000;
const VALIDATION_TEXTS = 1000;

const rowMap = buildRowMap(WORDS.length, [], "all");
const inputs: SharedInputs = {
  modelConfig: CONFIG,
  tensors: [],
  rowMap,
  data: {
    train: encode(texts(KNOWN_NOUNS, TRAIN_TEXTS, SEED)),
    validation: encode(texts(KNOWN_NOUNS, VALIDATION_TEXTS, SEED, TRAIN_TEXTS)),
    test: undefined,
    classes: [],
    special: { ...SPECIAL_IDS, neverMasked: Int32Array.from(Object.values(SPECIAL_IDS)) },
    introduced: [],
  },
};

const model = buildModel(CONFIG, { task: "masked-lm", rows: WORDS.length, classes: 0, has: () => true });
const layout = layOut(model, rowMap);
const blank = toTensors(model, layout, new Float32Array(layout.size), rowMap);
const source = {
  checkpoint: openCheckpoint(blank.map((tensor) => initialTensor(tensor, SEED))),
  rowMap,
  introducedPart: () => new Float32Array(0),
  seed: SEED,
};
const initialize = (values: Float32Array) => writeInitialValues(values, model, layout, source);
const engine = new OnnxEngine({ runtime: createRuntime(), model, layout, initialize });

const batching = {
  task: "masked-lm",
  maxLength: CONFIG.max_position_embeddings,
  maskProbability: 0.15,
  introducedMaskProbability: 0,
  maskReplacement: [0.8, 0.1, 0.1],
} as const;
const batches = createTrainingBatches(inputs, {
  ...batching,
  batchSize: 64,
  accumulationSteps: 1,
  groupByLength: true,
  seed: SEED,
});
const validation = validationBatches(inputs, "validation", { ...batching, batchSize: 100, studySeed: SEED });

for (let step = 1; step <= STEPS; step++) {
  const { loss } = await engine.step(batches(step - 1), ratesAt(step - 1));
  if (step % REPORT_STEPS > 0) continue;
  const { loss: validationLoss } = await evaluate(engine, validation);
  console.log(`step ${step}  loss ${loss.toFixed(4)}  validation loss ${validationLoss?.toFixed(4)}`);
}

await writeModelFiles(FOLDER);
await writeSafetensors(join(FOLDER, "model.safetensors"), toTensors(model, layout, await trainedValues(), rowMap));

/** All sentences as one split. */
function encode(sentences: readonly string[]): EncodedSplit {
  const ids = sentences.map(idsOf);
  const offsets = [0];
  for (const { length } of ids) offsets.push((offsets.at(-1) ?? 0) + length);
  const rows = Int32Array.from(ids.flat());
  const tokenTypes = new Uint8Array(rows.length);
  return { rows, tokenTypes, offsets: Int32Array.from(offsets), labels: new Int32Array(0) };
}

/** One rate for all, linear with 10 % warmup; no dropout, since no sentence is seen often. */
function ratesAt(step: number): StepRates {
  const schedule = {
    type: "linear",
    totalSteps: STEPS,
    warmupSteps: STEPS / 10,
    delaySteps: 0,
    startFactor: 0,
  } as const;
  const lr = LEARNING_RATE * scheduleMultiplier(schedule, step);
  return {
    lr: { base: lr, head: lr, introduced: lr },
    weightDecay: { base: 0.01, head: 0.01, introduced: 0.01 },
    gradClipping: "global",
    maxGradNorm: 1,
    optimizer: { name: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    rowUpdates: "dense",
    baseFrozenSteps: 0,
    dropoutKey: null,
  };
}

async function trainedValues(): Promise<Float32Array> {
  const { tensors } = await engine.save();
  const values = new Float32Array(layout.size);
  for (const { name, offset } of layout.slots) values.set(tensors.get(name)?.value ?? [], offset);
  return values;
}
