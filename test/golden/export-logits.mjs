// Our logits of an exported folder on the first exported batch, for check_export.py: node export-logits.mjs FOLDER BATCHES, after
// `npm run build`. Prints the logits of every target as JSON, in the order of the flat positions that are asked for. The
// model's plain TensorFlow.js forms run, without an engine.
import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { buildRowMap } from "../../dist/trainer/data/row-map.js";
import { readSafetensors } from "../../dist/trainer/files/safetensors.js";
import { WORD_TABLE } from "../../dist/trainer/models/model.js";
import { buildModel } from "../../dist/trainer/models/registry.js";
import { layOut } from "../../dist/trainer/optim/layout.js";
import { openCheckpoint, writeTrainedValues } from "../../dist/trainer/weights.js";

const [folder, batches] = process.argv.slice(2);
const TASKS = {
  ForMaskedLM: "masked-lm",
  ForCausalLM: "causal-lm",
  LMHeadModel: "causal-lm",
  ForSequenceClassification: "sequence-classification",
  ForTokenClassification: "token-classification",
};

const config = JSON.parse(readFileSync(`${folder}/config.json`, "utf8"));
const [, task] = Object.entries(TASKS).find(([suffix]) => config.architectures[0].endsWith(suffix));
const regression = config.problem_type === "regression";
const classes = config.id2label ? Object.keys(config.id2label).length : 0;
const rowMap = buildRowMap(config.vocab_size, [], "all");
const checkpoint = openCheckpoint(await readSafetensors(`${folder}/model.safetensors`));
const options = {
  task,
  rows: config.vocab_size,
  classes,
  regression,
  has: (name) => checkpoint.find(name) !== undefined,
};
const model = buildModel(config, options);
const layout = layOut(model, rowMap);
const values = new Float32Array(layout.size);
writeTrainedValues(values, model, layout, { checkpoint, rowMap });

await tf.setBackend("cpu");
const weights = new Map(
  layout.slots.map(({ name, shape, offset, length }) => [
    name,
    tf.tensor(values.slice(offset, offset + length), [...shape]),
  ]),
);
const [line] = readFileSync(batches, "utf8").split("\n");
const { input_ids: ids, attention_mask: mask, token_type_ids: types, labels } = JSON.parse(line);
const length = ids[0].length;
const inputs = {
  words: tf.gather(weights.get(WORD_TABLE), tf.tensor2d(ids, undefined, "int32")),
  tokenTypes: tf.tensor2d(types ?? ids.map((row) => row.map(() => 0)), undefined, "int32"),
  attentionMask: tf.tensor2d(mask),
  targetPositions: tf.tensor1d(asked(), "int32"),
};
console.log(
  JSON.stringify(
    model
      .logits(
        (name) => weights.get(name),
        inputs,
        (x) => x,
      )
      .arraySync(),
  ),
);

function asked() {
  if (task === "sequence-classification") return ids.map((_, row) => row * length);
  const shift = task === "causal-lm" ? 1 : 0;
  return labels.flatMap((row, i) => row.flatMap((label, at) => (label === -100 ? [] : [i * length + at - shift])));
}
