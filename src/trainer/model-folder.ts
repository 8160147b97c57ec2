// A trained model as a Hugging Face folder: config, weights, and the tokenizer with the introduced tokens.
// Loads the tokenizer: for worker threads only.
import { existsSync } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXTRA_TOKENIZER_FILES } from "../sweep/files.js";
import type { Settings } from "../sweep/settings.js";
import type { IntroducedToken, SharedInputs } from "./data/inputs.js";
import { addedTokenEntry } from "./data/tokenizer.js";
import { prefixSpaceIn } from "./data/words.js";
import { CONFIG_FILE, readJsonObject, WEIGHTS_FILE } from "./files/huggingface.js";
import { classOf } from "./models/registry.js";

type Json = Readonly<Record<string, unknown>>;

/**
 * Writes a new `folder`, whole or not at all; in one that exists already, the model's files are replaced and all others
 * left alone. `weights`: the model's file, which is copied; `texts`: more files, by name.
 */
export async function writeModelFolder(
  folder: string,
  settings: Settings,
  inputs: SharedInputs,
  weights: string,
  texts: Readonly<Record<string, string>> = {},
): Promise<void> {
  const temporary = `${folder}.${process.pid}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    await copyFile(weights, join(temporary, WEIGHTS_FILE));
    await writeJson(join(temporary, CONFIG_FILE), exportedConfig(settings, inputs));
    await writeTokenizer(temporary, settings, inputs.data.introduced);
    for (const [name, text] of Object.entries(texts)) await writeFile(join(temporary, name), text);
    for (const name of await readdir(temporary)) await toDisk(join(temporary, name));
    await moveInto(folder, temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** So that after a power cut no file has its name without its bytes. */
async function toDisk(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function moveInto(folder: string, temporary: string): Promise<void> {
  if (!existsSync(folder)) return rename(temporary, folder);
  for (const name of await readdir(temporary)) await rename(join(temporary, name), join(folder, name));
}

/** config.json of the model as it was trained: with the introduced rows, and the classes of its task. */
export function exportedConfig({ task, trainer }: Settings, { modelConfig, rowMap, data }: SharedInputs): Json {
  // Hugging Face would take a num_labels of the old head for the number of classes.
  const { torch_dtype: _old, dtype: _new, num_labels: _labels, ...config } = modelConfig;
  const regression = trainer.problemType === "regression";
  // The name that Hugging Face gives the one output.
  const classes = regression ? ["LABEL_0"] : data.classes;
  return {
    ...config,
    architectures: [classOf(modelConfig, task)],
    vocab_size: rowMap.rowOfId.length,
    dtype: "float32",
    ...(task === "sequence-classification" && {
      problem_type: regression ? "regression" : "single_label_classification",
    }),
    ...(classes.length > 0 && {
      id2label: Object.fromEntries(classes.map((name, index) => [index, name])),
      label2id: Object.fromEntries(classes.map((name, index) => [name, index])),
    }),
  };
}

/** The files of the model's tokenizer, with the introduced tokens under the ids that they were trained under. */
export async function writeTokenizer(
  folder: string,
  { model, introduced, task }: Pick<Settings, "model" | "introduced" | "task">,
  tokens: readonly Pick<IntroducedToken, "id" | "token">[],
): Promise<void> {
  const added = tokens.map(({ id, token }) => addedTokenEntry(id, token, introduced.special));
  const tokenizer = await readJsonObject(join(model, "tokenizer.json"));
  const known = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens : [];
  const extended = { ...tokenizer, added_tokens: [...known, ...added] };
  // Words must come out as they were trained, whether the one who loads this thinks of add_prefix_space or not.
  const prefixed = task === "token-classification" ? prefixSpaceIn(extended) : { json: extended, byteLevel: false };
  await writeJson(join(folder, "tokenizer.json"), prefixed.json);
  const config = withDecoder(await readJsonObject(join(model, "tokenizer_config.json")), added);
  await writeJson(join(folder, "tokenizer_config.json"), {
    ...config,
    ...(prefixed.byteLevel && { add_prefix_space: true }),
  });
  for (const file of EXTRA_TOKENIZER_FILES) {
    if (existsSync(join(model, file))) await copyFile(join(model, file), join(folder, file));
  }
}

/** Hugging Face reads added tokens from here first, where the configuration lists any. */
function withDecoder(config: Json, added: readonly ReturnType<typeof addedTokenEntry>[]): Json {
  const { added_tokens_decoder: decoder } = config;
  if (typeof decoder !== "object" || decoder === null) return config;
  const entries = added.map(({ id, ...token }) => [id, token] as const);
  return { ...config, added_tokens_decoder: { ...decoder, ...Object.fromEntries(entries) } };
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}
