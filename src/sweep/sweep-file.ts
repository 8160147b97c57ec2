// Reads a sweep file: YAML in, a checked Sweep out. Every error names the file, the line and the rule.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DualrateError, type KeyPath, type SourcePlace } from "../errors.js";
import { budgetOf, runCapOf } from "./budget.js";
import { checkSweep } from "./checks.js";
import { type Distribution, quantile, valuesOf } from "./distributions.js";
import { earlyTerminateOf } from "./early-terminate.js";
import { enqueuedPoint } from "./enqueued.js";
import { checkFile, checkModelFolder, hubModelOf } from "./files.js";
import { fixedOf, possibleValues, searchedIn } from "./given.js";
import { goalOf } from "./metrics.js";
import { type AnyParameterName, PARAMETERS, parameterSpec } from "./parameters.js";
import { type Problem, problemsError, problemsOf } from "./problems.js";
import { type SweepInput, sweepSchemaFor } from "./schema.js";
import { distributionOf } from "./searched.js";
import type {
  DataSettings,
  ExportedFrom,
  IntroducedTokens,
  MemoryParameter,
  Metric,
  Settings,
  Sweep,
  TrainerSettings,
} from "./settings.js";
import { parseSource, type Source } from "./source.js";
import type { Space, Value } from "./space.js";
import { parseWarmStart } from "./warm-start.js";

export { sweepJsonSchema } from "./schema.js";

/** More are likely to be a pattern's mistake. */
const MOST_FOUND_TOKENS = 1000;

/** Reads and checks the sweep file at `file`; throws a DualrateError of code "sweep-file". */
export function readSweep(file: string): Sweep {
  return parseSweep(readText(file), file);
}

/** The place of `key` in the sweep file, or of the nearest key above it that the file has. */
export function placeOfKey(file: string, key: KeyPath): SourcePlace {
  return { file, line: parseSource(readText(file), file).lineOf(key) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const reason = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : String(cause);
    throw new DualrateError("sweep-file", `the sweep file cannot be read: ${reason}`, {
      hint: "Name an existing YAML file.",
      place: { file },
      cause,
    });
  }
}

/**
 * As `readSweep`, for text that was read from `file`. Its relative paths are relative to that file, and what they name must be
 * there. Several problems make one error that lists them all.
 */
export function parseSweep(text: string, file: string): Sweep {
  const source = parseSource(text, file);
  const groups = groupNames(source);
  const parsed = sweepSchemaFor(groups).safeParse(source.data, { reportInput: true });
  if (!parsed.success) throw problemsError(source, problemsOf(parsed.error.issues, groups));
  const input = parsed.data;
  const folder = dirname(resolve(file));
  const problems = [...checkSweep(input), ...checkFiles(input, folder)];
  if (problems.length > 0) throw problemsError(source, problems);
  return sweepOf(input, source, folder);
}

/** Of the token groups as the file has them, before anything is checked: they say which parameters there are. */
function groupNames({ data }: Source): readonly string[] {
  const groups = (data as { readonly token_groups?: unknown } | null)?.token_groups;
  return typeof groups === "object" && groups !== null ? Object.keys(groups) : [];
}

function checkFiles({ model, data, introduced_tokens: tokens }: SweepInput, folder: string): readonly Problem[] {
  const given = (["train", "validation", "test", "file"] as const).map((key) => [["data", key], data[key]] as const);
  const modelFolder = resolve(folder, model);
  const files = [...given, [["introduced_tokens", "file"], tokens.file] as const];
  return [
    ...(hubModelOf(model, modelFolder) ? [] : checkModelFolder(["model"], modelFolder)),
    ...files.flatMap(([path, file]) => (file === undefined ? [] : checkFile(path, resolve(folder, file)))),
  ];
}

function sweepOf(input: SweepInput, source: Source, folder: string): Sweep {
  const space = spaceOf(input, source);
  const [runCap, budget] = [runCapOf(input), budgetOf(input)];
  return {
    name: input.name,
    file: resolve(source.file),
    seed: input.seed,
    settings: settingsOf(input, folder),
    method: input.method,
    metric: metricOf(input),
    space,
    ...(runCap !== undefined && { runCap }),
    ...(input.early_terminate && { earlyTerminate: earlyTerminateOf(input.early_terminate) }),
    ...(budget && { budget }),
    ...(input.constraints !== undefined && { constraints: input.constraints }),
    ...(input.enqueue !== undefined && { enqueued: input.enqueue.map((given) => enqueuedPoint(space, given)) }),
    ...((input.replicates ?? 1) > 1 && { replicates: input.replicates as number }),
    ...(input.final && { final: input.final }),
    ...(input.warm_start !== undefined && {
      warmStart: parseWarmStart(input.warm_start, (results) => resolve(folder, results)),
    }),
    ...(input.exported_from && { exportedFrom: exportedFromOf(input.exported_from) }),
  };
}

function exportedFromOf({ replicate, ...from }: NonNullable<SweepInput["exported_from"]>): ExportedFrom {
  return { ...from, ...(replicate !== undefined && { replicate }) };
}

function settingsOf(input: SweepInput, folder: string): Settings {
  const model = resolve(folder, input.model);
  const hub = hubModelOf(input.model, model);
  return {
    ...(hub ? { model: "", hub } : { model }),
    task: input.task,
    data: dataOf(input, folder),
    introduced: introducedOf(input, folder),
    ...(input.token_groups && { tokenGroups: input.token_groups }),
    trainer: trainerOf(input),
    ...(needsAllRows(input) && { keepAllRows: true }),
    ...greatestOf(input),
    fixed: fixedOf(input),
  };
}

function greatestOf(input: SweepInput): Pick<Settings, "greatest"> {
  const names: readonly MemoryParameter[] = ["batch_size", "gradient_accumulation_steps"];
  const found = names.flatMap((name) => {
    const searched = input.parameters[name];
    return searched ? [[name, greatestValue(distributionOf(searched, PARAMETERS[name].domain))]] : [];
  });
  return found.length > 0 ? { greatest: Object.fromEntries(found) } : {};
}

/** A normal distribution may have no end: what one draw in a thousand exceeds. */
function greatestValue(distribution: Distribution): number {
  return Math.max(...(valuesOf(distribution) ?? [quantile(distribution, 0.999)]).map(Number));
}

/** Leaving rows out is exact where a row without gradient gets weight decay alone: with AdamW and Lion, in every step. */
function needsAllRows(input: SweepInput): boolean {
  const decaysAlone = (optim: Value) => optim === "adamw" || optim === "lion";
  return input.trainer.row_updates === "lazy" || !possibleValues(input, "optim").every(decaysAlone);
}

function introducedOf({ introduced_tokens: given }: SweepInput, folder: string): IntroducedTokens {
  const {
    tokens = [],
    file,
    pattern,
    max_tokens: maxTokens = MOST_FOUND_TOKENS,
    token_init: tokenInit = {},
    special,
  } = given;
  if (file !== undefined) return { tokens, source: { file: resolve(folder, file) }, special };
  if (pattern !== undefined) return { tokens, source: { pattern, maxTokens }, special };
  // In the order of the tokens, so that the same sweep has the same settings.
  const inits = tokens.flatMap((token) => (Object.hasOwn(tokenInit, token) ? [[token, tokenInit[token]]] : []));
  return { tokens, special, ...(inits.length > 0 && { tokenInit: Object.fromEntries(inits) }) };
}

function dataOf({ data }: SweepInput, folder: string): DataSettings {
  const { format, text, text_pair: textPair, label, max_train_samples: maxTrain, max_eval_samples: maxEval } = data;
  return {
    ...splitsOf(data, folder),
    ...(format !== "auto" && { format }),
    text,
    ...(textPair !== undefined && { textPair }),
    label,
    ...(maxTrain !== undefined && { maxTrainSamples: maxTrain }),
    ...(maxEval !== undefined && { maxEvalSamples: maxEval }),
  };
}

/** checkSweep has seen to it that there is either one file with a split, or a file for each. */
function splitsOf(
  { file, split, train = "", validation = "", test }: SweepInput["data"],
  folder: string,
): Pick<DataSettings, "train" | "validation" | "test" | "split"> {
  if (file === undefined || split === undefined) {
    const paths = { train: resolve(folder, train), validation: resolve(folder, validation) };
    return { ...paths, ...(test !== undefined && { test: resolve(folder, test) }) };
  }
  const all = resolve(folder, file);
  const { test: testShare, ...shares } = split;
  if (testShare === undefined) return { train: all, validation: all, split: shares };
  return { train: all, validation: all, test: all, split: { ...shares, test: testShare } };
}

function trainerOf({ trainer }: SweepInput): TrainerSettings {
  const maskProbability = trainer.mask_probability ?? 0.15;
  return {
    length: lengthOf(trainer),
    evalSteps: trainer.eval_steps,
    evalBatchSize: trainer.eval_batch_size,
    maxLength: trainer.max_length,
    maskProbability,
    introducedMaskProbability: trainer.introduced_mask_probability ?? maskProbability,
    maskReplacement: trainer.mask_replacement ?? [0.8, 0.1, 0.1],
    ...(trainer.whole_word_masking && { wholeWordMasking: true }),
    ...(trainer.problem_type === "regression" && { problemType: trainer.problem_type }),
    dropout: trainer.dropout,
    groupByLength: trainer.group_by_length,
    ...(trainer.early_stopping_patience !== undefined && { earlyStoppingPatience: trainer.early_stopping_patience }),
    ...(trainer.row_updates === "lazy" && { rowUpdates: trainer.row_updates }),
    ...(trainer.max_trial_minutes !== undefined && { maxTrialMinutes: trainer.max_trial_minutes }),
  };
}

function lengthOf({ max_steps: maxSteps, num_train_epochs: epochs }: SweepInput["trainer"]): TrainerSettings["length"] {
  // checkSweep has seen to it that exactly one is given.
  return maxSteps === undefined ? { numTrainEpochs: epochs as number } : { maxSteps };
}

function metricOf({ metric: { name, goal } }: SweepInput): Metric {
  return { name, goal: goal ?? goalOf(name) };
}

/** In the order of the file, which zod's output does not keep. */
function spaceOf(input: SweepInput, { data }: Source): Space {
  const names = Object.keys((data as Partial<SweepInput>).parameters ?? {}) as readonly AnyParameterName[];
  return names.flatMap((name) => {
    const searched = searchedIn(input, name);
    return searched ? [{ name, distribution: distributionOf(searched, parameterSpec(name).domain) }] : [];
  });
}
