// A folder with a sweep's files in it, a valid sweep file to make mistakes in, and how a mistake is checked.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DualrateError } from "../../src/errors.js";
import { parseSweep } from "../../src/sweep/sweep-file.js";

export const folder = mkdtempSync(join(tmpdir(), "dualrate-sweep-file-"));
export const file = join(folder, "sweep.yaml");
mkdirSync(join(folder, "model"));
mkdirSync(join(folder, "half-a-model"));
for (const name of ["config.json", "tokenizer.json", "model.safetensors"])
  writeFileSync(join(folder, "model", name), "{}");
for (const name of ["train.jsonl", "valid.jsonl", "half-a-model/config.json"])
  writeFileSync(join(folder, name), "{}\n");
writeFileSync(join(folder, "empty.jsonl"), "");
afterAll(() => rmSync(folder, { recursive: true }));

export const VALID = `name: reaction-classes
model: model
task: masked-lm
data:
  train: train.jsonl
  validation: valid.jsonl
introduced_tokens:
  tokens: ["<RX_1>", "<RX_2>"]
trainer:
  max_steps: 200
  eval_steps: 20
method: grid
parameters:
  base_lr: {value: 1e-4}
  lr_ratio: {values: [1, 10, 100]}
`;

/** The valid file with the first occurrence of each text replaced; `more` comes after it. */
export function edited(edits: Readonly<Record<string, string>>, more = ""): string {
  return Object.entries(edits).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, VALID + more);
}

export const CLASSIFICATION = { "masked-lm": "sequence-classification" };
export const CAUSAL = { "masked-lm": "causal-lm" };
export const TAGGING = { "masked-lm": "token-classification" };

export function errorOf(text: string): DualrateError {
  try {
    parseSweep(text, file);
  } catch (error) {
    if (error instanceof DualrateError) return error;
    throw error;
  }
  throw new Error("the sweep file was accepted");
}

export interface Mistake {
  readonly what: string;
  readonly text: string;
  readonly line: number;
  readonly message: RegExp;
  readonly hint?: RegExp;
}

/** One test a mistake: its message, its line, its hint, and the exit code that says "bad input". */
export function testMistakes(mistakes: readonly Mistake[]): void {
  test.each(mistakes)("$what", ({ text, line, message, hint }) => {
    const error = errorOf(text);
    expect(error.message).toMatch(message);
    expect(error.place).toEqual({ file, line });
    if (hint) expect(error.hint).toMatch(hint);
    expect(error).toMatchObject({ code: "sweep-file", exitCode: 2 });
  });
}

/** Two more parameters of that many values each. */
export function bigGrid(values: number): string {
  const list = JSON.stringify(Array.from({ length: values }, (_, i) => i));
  return `  weight_decay: {values: ${list}}\n  max_grad_norm: {values: ${list}}\n`;
}
