// Loads a golden model of test/golden/ as the engine takes it. README.md there says how the values were made.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { predictsTokens, type Task } from "../src/sweep/settings.js";
import type { Batch } from "../src/trainer/data/batch.js";
import type { NamedTensor } from "../src/trainer/data/inputs.js";
import type { RowMap } from "../src/trainer/data/row-map.js";
import { OnnxEngine } from "../src/trainer/engine/onnx/engine.js";
import { createRuntime } from "../src/trainer/engine/runtime.js";
import { readSafetensors } from "../src/trainer/files/safetensors.js";
import { type Model, WORD_TABLE } from "../src/trainer/models/model.js";
import { buildModel } from "../src/trainer/models/registry.js";
import { type Layout, layOut } from "../src/trainer/optim/layout.js";
import { openCheckpoint, toTensors, writeInitialValues } from "../src/trainer/weights.js";

/** Every golden model with its tasks. */
export const GOLDEN_MODELS = [
  ["tiny-bert", "masked-lm"],
  ["tiny-bert", "sequence-classification"],
  ["tiny-bert", "token-classification"],
  ["tiny-albert", "masked-lm"],
  ["tiny-albert", "sequence-classification"],
  ["tiny-albert", "token-classification"],
  ["tiny-albert-2-groups", "masked-lm"],
  ["tiny-distilbert", "masked-lm"],
  ["tiny-distilbert", "sequence-classification"],
  ["tiny-distilbert", "token-classification"],
  ["tiny-roberta", "masked-lm"],
  ["tiny-roberta", "sequence-classification"],
  ["tiny-roberta", "token-classification"],
  ["tiny-xlm-roberta", "masked-lm"],
  ["tiny-xlm-roberta", "sequence-classification"],
  ["tiny-xlm-roberta", "token-classification"],
  ["tiny-electra", "masked-lm"],
  ["tiny-electra", "sequence-classification"],
  ["tiny-electra", "token-classification"],
  ["tiny-electra-equal-widths", "masked-lm"],
  ["tiny-gpt2", "causal-lm"],
  ["tiny-llama", "causal-lm"],
  ["tiny-llama-untied", "causal-lm"],
] as const;

const GOLDEN = fileURLToPath(new URL("./golden/", import.meta.url));

/** A batch as Hugging Face takes it. */
export interface HuggingFaceBatch {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly token_type_ids?: readonly (readonly number[])[];
  readonly labels: readonly number[] | readonly (readonly number[])[];
}

export interface Prepared {
  readonly model: Model;
  readonly layout: Layout;
  readonly engine: OnnxEngine;
  readonly rowMap: RowMap;
}

export function goldenJson(name: string, file: string) {
  return JSON.parse(readFileSync(`${GOLDEN}${name}/${file}.json`, "utf8"));
}

export async function goldenTensors(name: string, file: string): Promise<Map<string, NamedTensor>> {
  const path = `${GOLDEN}${name}/${file}.safetensors`;
  if (!existsSync(path)) throw new Error(`no golden file ${path}`);
  return new Map((await readSafetensors(path)).map((tensor) => [tensor.name, tensor]));
}

/** The identity, with introduced rows after the vocabulary. */
export function plainRowMap(vocabulary: number, introduced: number): RowMap {
  const ids = Int32Array.from({ length: vocabulary + introduced }, (_, id) => id);
  return { rowOfId: ids, idOfRow: ids, baseRows: vocabulary, tokenGroups: [], introducedRows: introduced };
}

/** A run's or forward's JSON: a classifier and introduced rows where it has them. */
export interface GoldenStart {
  readonly task: Task;
  readonly introduced_rows?: readonly number[][];
  readonly introduced_bias?: readonly number[];
  /** Of an output layer that is not tied. */
  readonly introduced_head_rows?: readonly number[][];
  /** A new head's tensors by Hugging Face name. */
  readonly classifier?: Readonly<Record<string, number[][] | number[]>>;
  /** One output, whose loss is the squared error. */
  readonly regression?: boolean;
}

/** Of make_models.py. */
const CLASSES = 3;

const runtime = createRuntime();

/** An engine over the golden model `folder` (under test/golden/, or a path), in the state the JSON says. */
export async function prepare(
  folder: string,
  start: GoldenStart,
  rowMap?: RowMap,
  layerLrDecay = 1,
): Promise<Prepared> {
  const path = existsSync(folder) ? folder : `${GOLDEN}${folder}`;
  const config = JSON.parse(readFileSync(`${path}/config.json`, "utf8"));
  const map = rowMap ?? plainRowMap(config.vocab_size, start.introduced_rows?.length ?? 0);
  const checkpoint = openCheckpoint(await readSafetensors(`${path}/model.safetensors`));
  const model = buildModel(config, {
    task: start.task,
    rows: map.baseRows + map.introducedRows,
    ...(start.regression ? { classes: 1, regression: true } : { classes: CLASSES }),
    has: (name) => checkpoint.find(name) !== undefined,
  });
  const layout = layOut(model, map, layerLrDecay);
  const introducedPart = ({ shape }: NamedTensor, parameter: string) => {
    const rows = parameter === WORD_TABLE ? start.introduced_rows : start.introduced_head_rows;
    return Float32Array.from((shape.length === 1 ? start.introduced_bias : rows?.flat()) ?? []);
  };
  const initialize = (initial: Float32Array) => {
    writeInitialValues(initial, model, layout, { checkpoint, rowMap: map, introducedPart, seed: 0 });
    for (const { name, origin } of model.parameters) {
      if (origin.from !== "new") continue;
      const slot = layout.slots.find((slot) => slot.name === name);
      initial.set(start.classifier?.[origin.tensor]?.flat() ?? [], slot?.offset ?? Number.NaN);
    }
  };
  return { model, layout, engine: new OnnxEngine({ runtime, model, layout, initialize }), rowMap: map };
}

/** Our batch for one of Hugging Face's; `spare` adds target slots of weight 0, which must change nothing. */
export function batchOf(task: Task, batch: HuggingFaceBatch, rowMap: RowMap, spare = 0): Batch {
  const length = batch.input_ids[0]?.length ?? 0;
  const targets = targetsOf(task, batch, length);
  const slots = targets.length + spare;
  const spread = (pick: (target: Target) => number) =>
    Array.from({ length: slots }, (_, i) => pick(targets[i] ?? NONE));
  return {
    bucket: { batch: batch.input_ids.length, length, targets: slots },
    inputRows: Int32Array.from(batch.input_ids.flat(), (id) => rowMap.rowOfId[id] as number),
    tokenTypes: Int32Array.from(batch.token_type_ids?.flat() ?? new Int32Array(batch.input_ids.length * length)),
    attentionMask: Float32Array.from(batch.attention_mask.flat()),
    targetPositions: Int32Array.from(spread(({ position }) => position)),
    targetLabels: Int32Array.from(
      spread(({ label }) => (predictsTokens(task) ? (rowMap.rowOfId[label] as number) : label)),
    ),
    targetWeights: Float32Array.from(spread(({ weight }) => weight)),
    targetIntroduced: new Uint8Array(slots),
    targetCount: targets.length,
  };
}

interface Target {
  readonly position: number;
  readonly label: number;
  readonly weight: number;
}

const NONE: Target = { position: 0, label: 0, weight: 0 };

function targetsOf(task: Task, { labels }: HuggingFaceBatch, length: number): Target[] {
  // Hugging Face's causal models shift the labels: each position is asked for the next one's, the last for none.
  const shift = task === "causal-lm" ? 1 : 0;
  return labels.flatMap((row, example) => {
    const asked = typeof row === "number" ? [row] : row.slice(shift);
    return asked.flatMap((label, index) =>
      label === -100 ? [] : [{ position: example * length + index, label, weight: 1 }],
    );
  });
}

/** Values as laid out, by Hugging Face name. */
export function byHuggingFaceName(
  { model, layout, rowMap }: Prepared,
  values: Float32Array,
): Map<string, Float32Array> {
  return new Map(toTensors(model, layout, values, rowMap).map(({ name, data }) => [name, data]));
}

export function l2(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2;
  return Math.sqrt(sum);
}

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  return l2(Float64Array.from(a, (value, i) => value - (b[i] as number)));
}
