// What a trial starts from, as files for another trainer that is to compute the same losses.
import { writeFile } from "node:fs/promises";
import { toHuggingFaceBatch } from "./data/exported-batches.js";
import type { Runtime } from "./engine/runtime.js";
import { writeSafetensors } from "./files/safetensors.js";
import { createEngine, modelTensors, type Training, trainingBatches } from "./train.js";

export interface StartFiles {
  readonly batches: string;
  /** At most so many steps; all of the trial's where none are given. */
  readonly steps?: number;
  readonly weights?: string;
}

/**
 * Writes the batches of the first steps as JSON lines, each with its step (from 1; with gradient accumulation a step has
 * several), and to `weights` the model before the first step in Hugging Face's names: introduced rows and a new head as
 * they were drawn.
 */
export async function writeTrainingStart(
  { batches: file, steps, weights }: StartFiles,
  training: Training,
  runtime: Runtime,
): Promise<void> {
  const { settings, config, inputs } = training;
  const batches = trainingBatches(training);
  const count = Math.min(steps ?? config.totalSteps, config.totalSteps);
  const lines = Array.from({ length: count }, (_, step) =>
    batches(step).map((batch) => {
      const exported = toHuggingFaceBatch(batch, settings.task, inputs.rowMap);
      return `${JSON.stringify({ step: step + 1, ...exported })}\n`;
    }),
  );
  await writeFile(file, lines.flat().join(""));
  if (weights === undefined) return;
  const engine = createEngine(training, runtime);
  try {
    await writeSafetensors(weights, await modelTensors(training, engine), {});
  } finally {
    engine.dispose();
  }
}
