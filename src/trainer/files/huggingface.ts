// A Hugging Face model folder: which files must be there, its config.json and its weights.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DualrateError, messageOf } from "../../errors.js";
import type { NamedTensor } from "../data/inputs.js";
import { readSafetensors } from "./safetensors.js";

export const CONFIG_FILE = "config.json";
export const WEIGHTS_FILE = "model.safetensors";
/** Of a checkpoint in several files: `weight_map` says which one holds each tensor. */
const INDEX_FILE = `${WEIGHTS_FILE}.index.json`;
export const TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json"] as const;

export interface PretrainedModel {
  /** config.json as read. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Every weight as float32, over shared memory. */
  readonly tensors: readonly NamedTensor[];
}

/** Reads a model folder. Throws a DualrateError of code "model" that names the file and says what to do. */
export async function readModelFolder(folder: string): Promise<PretrainedModel> {
  await checkModelFolder(folder);
  const config = await readJsonObject(join(folder, CONFIG_FILE));
  const tensors: NamedTensor[] = [];
  for (const file of await weightFiles(folder)) tensors.push(...(await readSafetensors(join(folder, file))));
  return { config, tensors };
}

/** Names of the files with weights: one, or the shards of an index. Throws a DualrateError of code "model" as they do. */
export async function weightFiles(folder: string): Promise<readonly string[]> {
  const files = new Set(await namesIn(folder));
  if (files.has(WEIGHTS_FILE) || !files.has(INDEX_FILE)) return [WEIGHTS_FILE];
  const file = join(folder, INDEX_FILE);
  const { weight_map: map } = await readJsonObject(file);
  const shards = typeof map === "object" && map !== null ? [...new Set<unknown>(Object.values(map))] : [];
  if (shards.length === 0 || !shards.every((shard) => typeof shard === "string")) {
    throw new DualrateError("model", `${file} must give weight_map, from tensors to files`, {
      ...AGAIN,
      place: { file },
    });
  }
  for (const shard of shards)
    if (!files.has(shard)) throw missing(folder, shard, `${INDEX_FILE} names it. ${AGAIN.hint}`);
  return shards;
}

/** Throws a DualrateError of code "model" where a file that a model or its tokenizer needs is not in the folder. */
export async function checkModelFolder(folder: string): Promise<void> {
  const files = new Set(await namesIn(folder));
  if (!files.has(CONFIG_FILE)) throw missing(folder, CONFIG_FILE, "Name the folder that holds config.json.");
  if (!files.has(WEIGHTS_FILE) && !files.has(INDEX_FILE)) throw missing(folder, WEIGHTS_FILE, weightsHint(files));
  for (const file of TOKENIZER_FILES) if (!files.has(file)) throw missing(folder, file, TOKENIZER_HINT);
}

/** A file that holds one JSON object. Throws a DualrateError of code "model" where it does not. */
export async function readJsonObject(file: string): Promise<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const message = messageOf(error);
    throw new DualrateError("model", `${file} must be a JSON file: ${message}`, { ...AGAIN, place: { file } });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DualrateError("model", `${file} must hold a JSON object`, { ...AGAIN, place: { file } });
  }
  return value as Readonly<Record<string, unknown>>;
}

const AGAIN = { hint: "Download or save the model once more." };

const TOKENIZER_HINT =
  "Save the fast tokenizer from Python, in that folder: " +
  `python -c "from transformers import AutoTokenizer as T; T.from_pretrained('.').save_pretrained('.')"`;

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new DualrateError("model", `model must name a Hugging Face folder; ${folder} cannot be read (${reason})`, {
      hint: "Check the path; it is relative to the sweep file.",
      cause: error,
    });
  }
}

function missing(folder: string, file: string, hint: string): DualrateError {
  return new DualrateError("model", `the model folder ${folder} must hold ${file}; it does not`, { hint });
}

/** What a folder without model.safetensors needs, told from what it has instead. */
function weightsHint(files: ReadonlySet<string>): string {
  if (!files.has("pytorch_model.bin")) return "Download the model's safetensors file into that folder.";
  return (
    'Convert pytorch_model.bin, in that folder: python -c "import torch, safetensors.torch as s; w = torch.load(' +
    "'pytorch_model.bin', map_location='cpu', weights_only=True); s.save_file({k: v.clone().contiguous() for k, v in " +
    "w.items()}, 'model.safetensors', metadata={'format': 'pt'})\""
  );
}
