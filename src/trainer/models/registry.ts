// The architectures that can be trained, by config.json's model_type.
import { DualrateError } from "../../errors.js";
import { albert } from "./albert.js";
import { bert } from "./bert.js";
import { distilbert } from "./distilbert.js";
import { electra } from "./electra.js";
import type { Architecture, Model, ModelOptions } from "./model.js";
import { roberta } from "./roberta.js";

interface Row {
  readonly build: Architecture;
  /** What the names of Hugging Face's classes begin with. */
  readonly classPrefix: string;
}

const ARCHITECTURES: Readonly<Record<string, Row>> = {
  bert: { build: bert, classPrefix: "Bert" },
  albert: { build: albert, classPrefix: "Albert" },
  distilbert: { build: distilbert, classPrefix: "DistilBert" },
  roberta: { build: roberta, classPrefix: "Roberta" },
  "xlm-roberta": { build: roberta, classPrefix: "XLMRoberta" },
  electra: { build: electra, classPrefix: "Electra" },
};

type Json = Readonly<Record<string, unknown>>;

/** The model that a config.json describes. Throws a DualrateError of code "model" for what is not known. */
export function buildModel(config: Json, options: ModelOptions): Model {
  return rowOf(config).build(config, options);
}

/** What the names of Hugging Face's classes for a config.json begin with. Throws as buildModel does. */
export function classPrefix(config: Json): string {
  return rowOf(config).classPrefix;
}

function rowOf({ model_type: type }: Json): Row {
  const row = typeof type === "string" && Object.hasOwn(ARCHITECTURES, type) ? ARCHITECTURES[type] : undefined;
  if (row) return row;
  const known = Object.keys(ARCHITECTURES).join(", ");
  throw new DualrateError("model", `config.json: "model_type" is ${JSON.stringify(type)}, expected one of ${known}`, {
    hint: `Choose a model of one of these architectures: ${known}.`,
  });
}
