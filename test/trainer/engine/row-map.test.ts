// Whatever the row map: token groups that differ from the base in nothing, and rows left out that no text uses, change no
// loss, no gradient and no exported weight beyond rounding. Drawn at random, from fixed seeds.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Random } from "../../../src/random.js";
import type { NamedTensor } from "../../../src/trainer/data/inputs.js";
import { buildRowMap, type RowMap } from "../../../src/trainer/data/row-map.js";
import type { StepRates, StepResult } from "../../../src/trainer/engine/engine.js";
import { trainedTensors } from "../../../src/trainer/exported.js";
import { readSafetensors } from "../../../src/trainer/files/safetensors.js";
import { openCheckpoint } from "../../../src/trainer/weights.js";
import { batchOf, distance, goldenJson, l2, prepare } from "../../golden-model.js";

const STEPS = 4;
const LR = 1e-3;
const DECAY = 0.01;
const MODELS = [
  ["tiny-bert", "masked-lm"],
  ["tiny-albert", "sequence-classification"],
  ["tiny-roberta", "sequence-classification"],
  ["tiny-llama-untied", "causal-lm"],
] as const;
const CASES = MODELS.flatMap((model) => [1, 2, 3, 4].map((seed) => [...model, seed] as const));

interface Run {
  readonly results: readonly StepResult[];
  readonly weights: ReadonlyMap<string, NamedTensor>;
}

test.each(CASES)("%s %s, row map %i", async (folder, task, seed) => {
  const start = goldenJson(folder, `${task}-steps`);
  const plain = buildRowMap(start.vocabulary_size, start.introduced_ids, "all");
  const drawn = drawnRowMap(folder, task, new Random(seed));
  const [expected, actual] = [await trained(folder, task, plain), await trained(folder, task, drawn)];

  for (const [step, { loss, gradNorm, groups }] of actual.results.entries()) {
    const reference = expected.results[step]!;
    expect(Math.abs(loss / reference.loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(gradNorm / reference.gradNorm - 1)).toBeLessThan(1e-5);
    const pretrained = Object.entries(groups).filter(([name]) => name !== "introduced" && name !== "head");
    const norm = Math.hypot(...pretrained.map(([, group]) => group.gradNorm));
    expect(Math.abs(norm / reference.groups.base!.gradNorm - 1)).toBeLessThan(1e-5);
  }
  expect([...actual.weights.keys()]).toEqual([...expected.weights.keys()]);
  for (const [name, { shape, data }] of expected.weights) {
    // A zero gradient in exact arithmetic: Adam turns its float noise into full steps.
    if (/key\.bias|k_lin\.bias/.test(name)) continue;
    const tensor = actual.weights.get(name)!;
    expect(tensor.shape).toEqual(shape);
    expect(distance(tensor.data, data), name).toBeLessThan(1e-4 * l2(data));
  }
});

/** Up to three token groups of random ids; without an output layer over tokens also rows left out, used ones aside. */
function drawnRowMap(folder: string, task: string, random: Random): RowMap {
  const { vocabulary_size: size, introduced_ids: introduced, batches } = goldenJson(folder, `${task}-steps`);
  const ids = random.shuffle(Array.from({ length: size as number }, (_, id) => id));
  const groups = Array.from({ length: random.below(4) }, (_, index) => ({
    name: `group${index}`,
    ids: ids.splice(0, 1 + random.below(6)),
  }));
  const used = new Set<number>(batches.flatMap((batch: { input_ids: number[][] }) => batch.input_ids.flat()));
  const kept = ids.filter((id) => used.has(id) || random.uniform() < 0.3);
  return buildRowMap(size, introduced, task === "sequence-classification" ? new Set(kept) : "all", groups);
}

async function trained(folder: string, task: (typeof MODELS)[number][1], rowMap: RowMap): Promise<Run> {
  const start = goldenJson(folder, `${task}-steps`);
  const { engine, model } = await prepare(folder, start, rowMap);
  const byGroup = (pretrained: number, introduced: number) =>
    ({
      base: pretrained,
      head: pretrained,
      ...Object.fromEntries(rowMap.tokenGroups.map(({ name }) => [name, pretrained])),
      introduced,
    }) as StepRates["lr"];
  const rates: StepRates = {
    lr: byGroup(LR, 10 * LR),
    weightDecay: byGroup(DECAY, 2 * DECAY),
    maxGradNorm: 0.5,
    gradClipping: "global",
    optimizer: { name: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    rowUpdates: "dense",
    baseFrozenSteps: 0,
    dropoutKey: null,
  };
  const results: StepResult[] = [];
  for (const batch of start.batches.slice(0, STEPS)) {
    results.push(await engine.step([batchOf(task, batch, rowMap)], rates));
  }
  const { tensors } = await engine.save();
  const file = fileURLToPath(new URL(`../../golden/${folder}/model.safetensors`, import.meta.url));
  const weights = trainedTensors({
    model,
    rowMap,
    checkpoint: openCheckpoint(await readSafetensors(file)),
    parameter: (name) => tensors.get(name)?.value,
    unusedRowsFactor: (1 - LR * DECAY) ** STEPS,
  });
  return { results, weights: new Map(weights.map((tensor) => [tensor.name, tensor])) };
}
