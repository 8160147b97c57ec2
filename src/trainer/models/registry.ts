// The architectures that can be trained, by config.json's model_type.
import { DualrateError } from "../../errors.js";
import type { Task } from "../../sweep/settings.js";
import { albert } from "./albert.js";
import { bert } from "./bert.js";
import { distilbert } from "./distilbert.js";
import { electra } from "./electra.js";
import { gpt2 } from "./gpt2.js";
import { llama } from "./llama.js";
import type { Architecture, Model, ModelOptions } from "./model.js";
import { roberta } from "./roberta.js";

interface Row {
  readonly build: Architecture;
  /** Hugging Face's class for each task that the architecture has. */
  readonly classes: Readonly<Partial<Record<Task, string>>>;
}

const encoder = (build: Architecture, prefix: string): Row => ({
  build,
  classes: {
    "masked-lm": `${prefix}ForMaskedLM`,
    "sequence-classification": `${prefix}ForSequenceClassification`,
    "token-classification": `${prefix}ForTokenClassification`,
  },
});

const ARCHITECTURES: Readonly<Record<string, Row>> = {
  bert: encoder(bert, "Bert"),
  albert: encoder(albert, "Albert"),
  distilbert: encoder(distilbert, "DistilBert"),
  roberta: encoder(roberta, "Roberta"),
  "xlm-roberta": encoder(roberta, "XLMRoberta"),
  electra: encoder(electra, "Electra"),
  gpt2: { build: gpt2, classes: { "causal-lm": "GPT2LMHeadModel" } },
  llama: { build: llama, classes: { "causal-lm": "LlamaForCausalLM" } },
};

type Json = Readonly<Record<string, unknown>>;

/**
 * The model that a config.json describes. Throws a DualrateError of code "model" for what is not known, and of code
 * "sweep-file" for a task that the architecture does not have.
 */
export function buildModel(config: Json, options: ModelOptions): Model {
  const { build } = rowOf(config);
  classOf(config, options.task);
  return build(config, options);
}

/** Hugging Face's class for a config.json and a task. Throws as buildModel does. */
export function classOf(config: Json, task: Task): string {
  const { classes } = rowOf(config);
  const name = classes[task];
  if (name !== undefined) return name;
  const tasks = Object.keys(classes).join(", ");
  const message = `task must be one that a model of model_type "${config.model_type}" can do: ${tasks}; got ${task}`;
  throw new DualrateError("sweep-file", message, { hint: "Change the task, or name another model.", key: ["task"] });
}

function rowOf({ model_type: type }: Json): Row {
  const row = typeof type === "string" && Object.hasOwn(ARCHITECTURES, type) ? ARCHITECTURES[type] : undefined;
  if (row) return row;
  const known = Object.keys(ARCHITECTURES).join(", ");
  throw new DualrateError("model", `config.json: "model_type" is ${JSON.stringify(type)}, expected one of ${known}`, {
    hint: `Choose a model of one of these architectures: ${known}.`,
  });
}
