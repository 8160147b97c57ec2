// Writes the demo's fine-tuning data: train.jsonl and valid.jsonl, sentences about the held-out nouns.
// Run from the repository's root; README.md beside this file has the commands.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HELD_OUT, texts } from "./grammar.js";

const FOLDER = "sweeps/demo";
const SEED = 1;
const TRAIN = 600;
const VALID = 400;

const sentences = texts(HELD_OUT, TRAIN + VALID, SEED);
const jsonl = (lines: readonly string[]) => lines.map((text) => `${JSON.stringify({ text })}\n`).join("");
await writeFile(join(FOLDER, "train.jsonl"), jsonl(sentences.slice(0, TRAIN)));
await writeFile(join(FOLDER, "valid.jsonl"), jsonl(sentences.slice(TRAIN)));
