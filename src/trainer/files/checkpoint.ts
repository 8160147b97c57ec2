// A trial's checkpoint: weights, moments and everything that its loop knows, in one file. Whatever is random derives from
// (seed, step, purpose), so there is no generator position to keep: a trial goes on from here to the last bit.

import { existsSync } from "node:fs";
import { messageOf } from "../../errors.js";
import type { Measurement } from "../../sweep/trial.js";
import type { NamedTensor } from "../data/inputs.js";
import type { EngineState, StepResult } from "../engine/engine.js";
import { CHECKSUM, readMetadata, readSafetensors, writeSafetensors } from "./safetensors.js";

/** How far a trial has come, as its loop keeps it between two steps. */
export interface SavedProgress {
  /** Optimizer steps done. */
  readonly step: number;
  /** The last step's result, where its evaluation is still to come. */
  readonly due: StepResult | null;
  readonly best: { readonly value: number; readonly bestStep: number } | null;
  /** Of the training loss since the last measurement. */
  readonly trainLoss: { readonly sum: number; readonly weight: number };
  readonly measurements: readonly Measurement[];
  /** Seconds of training and evaluation until now. */
  readonly seconds: number;
}

export interface Checkpoint {
  readonly progress: SavedProgress;
  readonly state: EngineState;
}

/** What lies where a checkpoint may be. */
export type FoundCheckpoint =
  | { readonly kind: "none" }
  | { readonly kind: "unusable"; readonly reason: string }
  | ({ readonly kind: "found" } & Checkpoint);

const PARTS = ["value", "m", "v"] as const;

/** Writes under a temporary name, syncs and renames: `file` is the old checkpoint or the new one, whole. Makes its folder. */
export async function writeCheckpoint(file: string, fingerprint: string, checkpoint: Checkpoint): Promise<void> {
  const { progress, state } = checkpoint;
  const tensors = [...state.tensors].flatMap(([name, tensor]) =>
    PARTS.map((part): NamedTensor => ({ name: `${part}/${name}`, shape: [tensor[part].length], data: tensor[part] })),
  );
  await writeSafetensors(file, tensors, { fingerprint, progress: JSON.stringify(progress) });
}

/** `fingerprint`: of the trial; the checkpoint of another trial, or of another version of this one, is unusable. */
export async function readCheckpoint(file: string, fingerprint: string): Promise<FoundCheckpoint> {
  if (!existsSync(file)) return { kind: "none" };
  try {
    const metadata = await readMetadata(file);
    if (metadata.fingerprint !== fingerprint) return { kind: "unusable", reason: "it is another trial's" };
    if (metadata[CHECKSUM] === undefined) return { kind: "unusable", reason: "it has no checksum" };
    const progress = JSON.parse(metadata.progress ?? "") as SavedProgress;
    const tensors = byParameter(await readSafetensors(file));
    return { kind: "found", progress, state: { step: progress.step, tensors } };
  } catch (error) {
    return { kind: "unusable", reason: messageOf(error) };
  }
}

function byParameter(tensors: readonly NamedTensor[]): EngineState["tensors"] {
  const data = new Map(tensors.map((tensor) => [tensor.name, tensor.data]));
  const partOf = (part: string, name: string) => {
    const found = data.get(`${part}/${name}`);
    if (found) return found;
    throw new Error(`it has no ${part} of ${name}`);
  };
  const names = tensors.filter(({ name }) => name.startsWith("value/")).map(({ name }) => name.slice("value/".length));
  return new Map(
    names.map((name) => [name, { value: partOf("value", name), m: partOf("m", name), v: partOf("v", name) }]),
  );
}
