// The files that a sweep file names: whether they are there at all. Their contents are read later, by a worker.
import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { type HubModel, parseHubModel } from "./hub-model.js";
import type { Problem } from "./problems.js";
import type { Path } from "./source.js";

/** Undefined too for what can be no path: too long, with a null character, below a file. */
function stat(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Each of them under one of its names; the worker that reads the weights says how to convert the last of theirs. */
const MODEL_FILES = [
  ["config.json"],
  ["tokenizer.json"],
  ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"],
] as const;

/** Files of a tokenizer that adding tokens does not change; which of them there are depends on the model. */
export const EXTRA_TOKENIZER_FILES = [
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "special_tokens_map.json",
  "spiece.model",
  "tokenizer.model",
  "sentencepiece.bpe.model",
] as const;

/** The hub's model that the sweep file means by `given`: whatever is on disk goes before the hub. */
export function hubModelOf(given: string, folder: string): HubModel | undefined {
  return stat(folder) ? undefined : parseHubModel(given);
}

/** `folder` is resolved. */
export function checkModelFolder(path: Path, folder: string): readonly Problem[] {
  if (!stat(folder)?.isDirectory()) {
    const message = `model must be an existing Hugging Face folder; there is none at ${folder}`;
    const hint =
      "Its path is relative to the sweep file; a model of the hub is ORGANISATION/NAME, or hf://ORGANISATION/NAME@REVISION.";
    return [{ path, message, hint }];
  }
  const missing = MODEL_FILES.filter((names) => !names.some((name) => stat(join(folder, name))?.isFile())).map(
    ([name]) => name,
  );
  if (missing.length === 0) return [];
  const hint =
    "The folder must hold config.json, tokenizer.json and model.safetensors, as save_pretrained writes them.";
  return [{ path, message: `the model folder ${folder} has no ${missing.join(", no ")}`, hint }];
}

/** A file of data or tokens: there, a file, and not empty. */
export function checkFile(path: Path, file: string): readonly Problem[] {
  const found = stat(file);
  const name = path.join(".");
  const hint = "Paths are relative to the sweep file.";
  if (!found) return [{ path, message: `${name} must be a file; there is nothing at ${file}`, hint }];
  if (!found.isFile()) return [{ path, message: `${name} must be a file; ${file} is not a file`, hint }];
  return found.size > 0 ? [] : [{ path, message: `${name} must have at least one line; ${file} is empty`, hint }];
}
