// How far a trial's loop has come: what it must know between two steps, kept in memory and in the trial's checkpoint.
import type { Measurement } from "../sweep/trial.js";
import type { Engine, StepResult } from "./engine/engine.js";
import { readCheckpoint, type SavedProgress, writeCheckpoint } from "./files/checkpoint.js";
import { Averages } from "./metrics.js";

/** Where a trial keeps its checkpoint and, of its best evaluation so far, the weights. */
export interface TrainingFiles {
  /** Changes with everything that a trial's numbers depend on. */
  readonly fingerprint: string;
  readonly checkpoint?: string;
  /** The model's tensors under their Hugging Face names. */
  readonly weights?: string;
}

/** What is worth telling beside measurements. */
export interface Notice {
  readonly kind: "trial" | "warning";
  readonly message: string;
}

const START: SavedProgress = {
  step: 0,
  due: null,
  best: null,
  trainLoss: { sum: 0, weight: 0 },
  measurements: [],
  seconds: 0,
};

export class Progress {
  /** Optimizer steps done. */
  step: number;
  /** The last step's result, where its evaluation is still to come. */
  due: StepResult | null;
  best: SavedProgress["best"];
  readonly trainLoss: Averages;
  readonly measurements: Measurement[];
  readonly #startedAt: number;
  #savedStep: number;

  constructor(saved: SavedProgress = START) {
    this.step = saved.step;
    this.due = saved.due;
    this.best = saved.best;
    this.trainLoss = new Averages(saved.trainLoss);
    this.measurements = [...saved.measurements];
    this.#startedAt = performance.now() - 1000 * saved.seconds;
    this.#savedStep = saved.step;
  }

  /** Since the trial began, without the time between being stopped and going on. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Writes a checkpoint, unless the last one is of this step already. */
  async save(engine: Engine, files: TrainingFiles | undefined): Promise<void> {
    if (!files?.checkpoint || this.step === this.#savedStep) return;
    const { step, due, best, measurements, seconds } = this;
    const progress = { step, due, best, measurements, seconds, trainLoss: this.trainLoss.saved };
    await writeCheckpoint(files.checkpoint, files.fingerprint, { progress, state: await engine.view() });
    this.#savedStep = step;
  }
}

/** Goes on from the trial's checkpoint, where there is a usable one: loads it into the engine. Else the trial starts over. */
export async function resume(
  engine: Engine,
  files: TrainingFiles | undefined,
  notify: (notice: Notice) => void,
): Promise<Progress> {
  if (!files?.checkpoint) return new Progress();
  const found = await readCheckpoint(files.checkpoint, files.fingerprint);
  if (found.kind === "unusable") {
    notify({ kind: "warning", message: `starts over, its checkpoint cannot be used: ${found.reason}` });
  }
  if (found.kind !== "found") return new Progress();
  await engine.load(found.state);
  notify({ kind: "trial", message: `goes on after step ${found.progress.step}` });
  return new Progress(found.progress);
}
