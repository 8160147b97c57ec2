// The architectures that can be trained, by config.json's model_type.
import { DualrateError } from "../../errors.js";
import { albert } from "./albert.js";
import { bert } from "./bert.js";
import type { Architecture, Model, ModelOptions } from "./model.js";

const ARCHITECTURES: Readonly<Record<string, Architecture>> = { bert, albert };

/** The model that a config.json describes. Throws a DualrateError of code "model" for what is not known. */
export function buildModel(config: Readonly<Record<string, unknown>>, options: ModelOptions): Model {
  const type = config.model_type;
  const architecture = typeof type === "string" && Object.hasOwn(ARCHITECTURES, type) ? ARCHITECTURES[type] : undefined;
  if (architecture) return architecture(config, options);
  const known = Object.keys(ARCHITECTURES).join(", ");
  throw new DualrateError("model", `config.json: "model_type" is ${JSON.stringify(type)}, expected one of ${known}`, {
    hint: `Choose a model of one of these architectures: ${known}.`,
  });
}
