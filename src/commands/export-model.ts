// `dualrate export --checkpoint`: a trial's trained model as a Hugging Face folder. Weights that were not kept are
// trained again, which must give the trial's own value.
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DualrateError, messageOf } from "../errors.js";
import { trialToExport } from "../export/configuration.js";
import { cardFiles } from "../export/model-card.js";
import { checkAbsent } from "../export/write.js";
import { formatMetric } from "../report/format.js";
import type { LocalExecutor } from "../runner/executor.js";
import { trainedJob } from "../runner/trained.js";
import { TrialFiles } from "../runner/trial-files.js";
import type { StudyRecord } from "../store/records.js";
import type { Task } from "../sweep/settings.js";
import type { CompleteTrial } from "../sweep/trial.js";
import { resolveConfig } from "../trainer/config.js";
import { modelText, withModel } from "./hub-model.js";
import { withOneWorker } from "./one-worker.js";
import { note } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface ExportModelOptions extends ResultsOption {
  /** The best trial where none is given. */
  readonly trial?: number;
  /** The folder to write. */
  readonly checkpoint: string;
  /** Where to write the validation set's batches. */
  readonly batches?: string;
  readonly force?: boolean;
}

/** Returns the exit status. */
export async function exportModel(name: string | undefined, options: ExportModelOptions): Promise<number> {
  const { checkpoint, batches, force = false } = options;
  checkTarget(checkpoint, "folder", force);
  if (batches !== undefined) checkTarget(batches, "file", force);
  const { stored, trial, measurements } = await withReader(options, (reader) => {
    const { study } = findStudy(reader, name, options);
    const trial = trialToExport(study, reader.trials(study.id), options.trial);
    return { stored: study, trial, measurements: reader.measurementsOf(study.id, trial.number) };
  });
  const settings = await withModel(stored.sweep.settings);
  const study = { ...stored, sweep: { ...stored.sweep, settings } };
  const scratch = mkdtempSync(join(tmpdir(), "dualrate-export-"));
  try {
    return await withOneWorker(async (executor) => {
      await checkInputs(study, executor);
      const onTraining = () => note(`trial ${trial.number}'s weights were not kept, or not whole; training it again`);
      const trialFiles = new TrialFiles(options.results, study.name);
      const job = await trainedJob({ study, trial, executor, files: trialFiles, scratch, onTraining });
      const files = { folder: resolve(checkpoint), ...(batches !== undefined && { batches: resolve(batches) }) };
      const facts = { seed: trial.seed, trainExamples: study.summary.trainExamples };
      const config = resolveConfig(settings, trial.parameters, facts);
      await executor.exportModel({ job, ...files, texts: cardFiles({ study, trial, config, measurements }) });
      noteExported(study, trial, checkpoint);
      return 0;
    });
  } finally {
    // After the worker has ended: until then it may write there.
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Hugging Face's class that loads a model for a task. */
const LOADERS: Readonly<Record<Task, string>> = {
  "masked-lm": "AutoModelForMaskedLM",
  "causal-lm": "AutoModelForCausalLM",
  "sequence-classification": "AutoModelForSequenceClassification",
  "token-classification": "AutoModelForTokenClassification",
};

function noteExported(study: StudyRecord, trial: CompleteTrial, checkpoint: string): void {
  const { metric } = study.sweep;
  const loader = LOADERS[study.sweep.settings.task];
  const what = `trial ${trial.number} of ${study.name} after step ${trial.bestStep}`;
  note(`${what}: ${metric.name} ${formatMetric(trial.value)}`);
  note(`wrote ${checkpoint}; load it in Python: ${loader}.from_pretrained(${JSON.stringify(checkpoint)})`);
}

/** The target may be written, and the folder that it goes into is there. */
export function checkTarget(path: string, kind: "folder" | "file", force: boolean): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats && stats.isDirectory() !== (kind === "folder")) {
    throw new DualrateError("usage", `${path} must be a ${kind}, and is a ${kind === "file" ? "folder" : "file"}`, {
      hint: "Choose another name.",
    });
  }
  checkAbsent(path, force);
  makeFolder(dirname(path));
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const reason = messageOf(cause);
    throw new DualrateError("usage", `the folder ${folder} cannot be made: ${reason}`, {
      hint: "Choose a place where you may write.",
      cause,
    });
  }
}

/** Prepares the inputs; they must be what the study was trained on. */
export async function checkInputs({ name, inputs, sweep }: StudyRecord, executor: LocalExecutor): Promise<void> {
  const { hashes } = await executor.prepare(sweep.settings, sweep.seed);
  const changed = (["model", "tokenizer", "data"] as const).filter((input) => hashes[input] !== inputs[input]);
  if (changed.length === 0) return;
  throw new DualrateError("study", `what "${name}" was trained on has changed since: ${changed.join(", ")}`, {
    hint: `Put the files back (${modelText(sweep.settings)} and the data), or run the sweep under a new name.`,
  });
}
