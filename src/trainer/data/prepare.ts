// Prepares a sweep's inputs before anything is stored: reads the model, adds the tokens, encodes the data, checks all of
// it, and lays it out in shared memory. Loads the tokenizer: for worker threads only.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { DualrateError } from "../../errors.js";
import type { InputHashes, PreparedSummary } from "../../sweep/inputs.js";
import { type IntroducedTokens, predictsTokens, type Settings } from "../../sweep/settings.js";
import { parseTokenInit } from "../../sweep/token-init.js";
import { CONFIG_FILE, readModelFolder, TOKENIZER_FILES, weightFiles } from "../files/huggingface.js";
import type { Model } from "../models/model.js";
import { buildModel } from "../models/registry.js";
import { sizeOf } from "../optim/layout.js";
import { validationBatches } from "./batches.js";
import { classesOf, type EncodedTexts, encodeFile, toSplit } from "./encode.js";
import { estimateWorkerBytes } from "./footprint.js";
import type { EncodedData, IntroducedToken, SharedInputs, SpecialRows } from "./inputs.js";
import { buildRowMap, type RowMap, sharedInt32 } from "./row-map.js";
import { insideWordPattern } from "./single-word.js";
import { dataFormats, type SplitSource, splitSource } from "./splits.js";
import { tokenGroupIds } from "./token-groups.js";
import { loadTokenizer, type Tokenizer } from "./tokenizer.js";
import { atToken, type ResolvedTokens, resolveTokens } from "./tokens.js";
import { dataWarnings, tagWarnings } from "./warnings.js";
import { WORD_PART } from "./word-parts.js";

/** The splits as vocabulary ids. */
interface Splits {
  readonly train: EncodedTexts;
  readonly validation: EncodedTexts;
  readonly test: EncodedTexts | undefined;
}

/**
 * Reads, checks and encodes everything that a sweep names. `seed` is the study's: it draws the validation masks, of which
 * some must be there. Throws a DualrateError of code "model", "tokens", "data" or "sweep-file" for what cannot be trained.
 */
export async function prepareInputs(
  stated: Settings,
  seed: number,
): Promise<{ summary: PreparedSummary; inputs: SharedInputs }> {
  const { config, tensors } = await readModelFolder(stated.model);
  const resolved = await resolveTokens(stated);
  const settings = { ...stated, introduced: resolved.introduced };
  const tokenizer = await tokenizerWith(resolved, settings);
  const vocabSize = checkedVocabSize(config);
  const model = describedModel(settings, config, vocabSize + tokenizer.introduced.length);
  checkMaxLength(settings, model, tokenizer);
  const splits = await encodeSplits(settings, tokenizer);
  checkTokenTypes(config, splits.train);
  const introducedCounts = tokenizer.introduced.map(({ id }) => splits.train.idCounts.get(id) ?? 0);
  checkSomeIntroduced(settings, introducedCounts);

  const groups = tokenGroupIds(settings, tokenizer, vocabSize);
  const rowMap = buildRowMap(vocabSize, idsOf(tokenizer), keptIds(settings, tokenizer, splits), groups);
  const data = encodeData(settings, tokenizer, splits, rowMap);
  const inputs: SharedInputs = { modelConfig: config, tensors, rowMap, data };
  const targets = validationTargets(settings, inputs, seed);
  const parameterCount = countParameters(model, inputs);
  const summary: PreparedSummary = {
    hashes: await hashInputs(settings),
    ...(stated.introduced.source && { introduced: settings.introduced }),
    trainExamples: splits.train.texts.length,
    trainTokens: inputs.data.train.offsets.at(-1) ?? 0,
    validationExamples: splits.validation.texts.length,
    introducedCounts,
    parameterCount,
    vocabularyRows: rowMap.rowOfId.length,
    keptRows: rowMap.idOfRow.length,
    workerBytes: estimateWorkerBytes(settings, model.sizes, {
      parameters: parameterCount,
      rows: rowMap.idOfRow.length,
      targetsPerText: targets.perText,
    }),
    warnings: [
      ...dataWarnings(tokenizer, splits.train, splits.validation, targets.introduced),
      ...(settings.task === "token-classification" ? tagWarnings(data.classes) : []),
    ],
  };
  return { summary, inputs };
}

/** The tokenizer with its introduced tokens, each with its own initialisation where it has one. */
async function tokenizerWith({ introduced, origin }: ResolvedTokens, { model, task }: Settings): Promise<Tokenizer> {
  try {
    const tokenizer = await loadTokenizer(model, introduced, task === "token-classification" ? "words" : "texts");
    const added = tokenizer.introduced.map((token, index) => {
      const init = ownInit(introduced, tokenizer, index);
      return init === undefined ? token : { ...token, init };
    });
    return { ...tokenizer, introduced: added };
  } catch (error) {
    throw atToken(error, origin);
  }
}

/** How a token's row starts where it is told for that token alone; a DualrateError names a token that cannot be copied. */
function ownInit(
  { tokens, tokenInit = {} }: IntroducedTokens,
  tokenizer: Tokenizer,
  index: number,
): IntroducedToken["init"] {
  const token = tokens[index] ?? "";
  const init = Object.hasOwn(tokenInit, token) ? parseTokenInit(tokenInit[token] ?? "") : undefined;
  if (init === undefined) return undefined;
  if (init.kind === "rule") return init.rule;
  const id = tokenizer.knownId(init.token);
  if (id !== undefined) return { copyOf: id };
  throw new DualrateError(
    "tokens",
    `"${token}" cannot start as a copy of "${init.token}": the vocabulary has no such token`,
    {
      hint: 'Name a token as tokenizer.json has it, e.g. with its "##" or "▁".',
      key: ["introduced_tokens", "tokens", index],
    },
  );
}

/** The row map has an entry for each; the largest vocabularies have half a million. */
const MOST_ROWS = 2 ** 24;

function checkedVocabSize(config: Readonly<Record<string, unknown>>): number {
  const { vocab_size: size } = config;
  if (typeof size === "number" && Number.isInteger(size) && size > 0 && size <= MOST_ROWS) return size;
  const problem = `config.json must give vocab_size as an integer from 1 to ${MOST_ROWS}; it is ${JSON.stringify(size)}`;
  throw new DualrateError("model", problem, { hint: "Use the config.json that was saved with the model." });
}

/** The model as config.json describes it, for its sizes: the classes are not known yet, nor is the checkpoint asked. */
function describedModel({ task }: Settings, config: Readonly<Record<string, unknown>>, rows: number): Model {
  return buildModel(config, { task, rows, classes: 0, has: () => true });
}

function checkMaxLength(settings: Settings, { maxPositions: most }: Model, tokenizer: Tokenizer): void {
  const { maxLength } = settings.trainer;
  const pairs = settings.data.textPair === undefined ? undefined : tokenizer.pairs();
  const specials = pairs?.specialsPerPair ?? tokenizer.specialsPerText;
  // A token of each text; one token asks for no next one.
  const least = Math.max(specials + (pairs ? 2 : 1), settings.task === "causal-lm" ? 2 : 1);
  if (maxLength >= least && maxLength <= most) return;
  throw new DualrateError(
    "sweep-file",
    `max_length must be from ${least} to ${most} for this model; got ${maxLength}`,
    {
      key: ["trainer", "max_length"],
      hint: `${specials} of the tokens are special ones such as [CLS]; the model has ${most} positions.`,
    },
  );
}

async function encodeSplits(settings: Settings, tokenizer: Tokenizer): Promise<Splits> {
  const { maxLength } = settings.trainer;
  const watch = insideWordPattern(settings.introduced.tokens);
  const encode = (source: SplitSource) => encodeFile(source.file, tokenizer, { ...source, maxLength, watch });
  const test = splitSource(settings, "test");
  return {
    train: await encode(splitSource(settings, "train")),
    validation: await encode(splitSource(settings, "validation")),
    test: test && (await encode(test)),
  };
}

/** The tokenizer may tell two texts apart by a token type that the model has no row for. */
function checkTokenTypes({ type_vocab_size: rows }: Readonly<Record<string, unknown>>, { texts }: EncodedTexts): void {
  const most = texts.reduce((most, { tokenTypes }) => Math.max(most, ...tokenTypes), 0);
  if (typeof rows !== "number" || most < rows) return;
  throw new DualrateError(
    "model",
    `the tokenizer gives token type ${most}, but the model has ${rows} (type_vocab_size)`,
    {
      hint: "Use the tokenizer that was saved with the model.",
    },
  );
}

function checkSomeIntroduced({ introduced, data }: Settings, counts: readonly number[]): void {
  if (counts.some((count) => count > 0)) return;
  const tokens = introduced.tokens.slice(0, 5).map((token) => `"${token}"`);
  throw new DualrateError("tokens", `no introduced token (${tokens.join(", ")}) occurs in ${data.train}`, {
    hint: "Check the tokens' spelling, data.text, and max_length, which cuts the ends of texts off.",
    place: { file: data.train },
  });
}

/** The base rows to keep: all with an output layer over them or where the settings say so, else those that the data or the tokenizer's template use. */
function keptIds({ task, keepAllRows }: Settings, { special }: Tokenizer, splits: Splits): ReadonlySet<number> | "all" {
  if (predictsTokens(task) || keepAllRows) return "all";
  const used = [splits.train, splits.validation, splits.test].flatMap((split) => [...(split?.idCounts.keys() ?? [])]);
  return new Set([...used, ...Object.values(special).filter((id) => id !== undefined)]);
}

function encodeData(settings: Settings, tokenizer: Tokenizer, splits: Splits, rowMap: RowMap): EncodedData {
  const regression = settings.trainer.problemType === "regression";
  const classes = regression ? [] : classesOf(splits.train);
  const split = (texts: EncodedTexts) => toSplit(texts, rowMap, regression ? "numbers" : classes);
  const special = specialRows(settings, tokenizer, rowMap);
  return {
    train: split(splits.train),
    validation: split(splits.validation),
    test: splits.test && split(splits.test),
    classes,
    special,
    ...(settings.trainer.wholeWordMasking && { wordParts: wordPartsByRow(tokenizer, rowMap, special) }),
    introduced: tokenizer.introduced.map((token): IntroducedToken => ({ ...token, row: rowOf(rowMap, token.id) })),
  };
}

function specialRows({ introduced }: Settings, tokenizer: Tokenizer, rowMap: RowMap): SpecialRows {
  const { pad, cls, sep, mask, unk } = tokenizer.special;
  const row = (id: number | undefined) => (id === undefined ? undefined : rowOf(rowMap, id));
  const never = [pad, cls, sep, mask, unk, ...(introduced.special ? idsOf(tokenizer) : [])];
  return {
    pad: row(pad) ?? 0,
    cls: row(cls),
    sep: row(sep),
    mask: row(mask),
    neverMasked: sharedInt32([...new Set(never.map(row).filter((row) => row !== undefined))]),
  };
}

/** Rows beyond the tokenizer's vocabulary begin words: no text has them. What is never masked is no part of a word. */
function wordPartsByRow(tokenizer: Tokenizer, { idOfRow }: RowMap, { neverMasked }: SpecialRows): Uint8Array {
  const parts = tokenizer.wordParts();
  const byRow = new Uint8Array(new SharedArrayBuffer(idOfRow.length));
  idOfRow.forEach((id, row) => {
    byRow[row] = parts[id] ?? WORD_PART.begins;
  });
  for (const row of neverMasked) byRow[row] = WORD_PART.whole;
  return byRow;
}

function rowOf({ rowOfId }: RowMap, id: number): number {
  const row = rowOfId[id] ?? -1;
  if (row >= 0) return row;
  throw new DualrateError("model", `the tokenizer's special token has the id ${id}, for which the model has no row`, {
    hint: "The tokenizer must be the model's own: vocab_size in config.json must exceed every id.",
  });
}

function idsOf({ introduced }: Tokenizer): readonly number[] {
  return introduced.map(({ id }) => id);
}

/** What the validation set asks for. Throws where that is nothing. */
function validationTargets(
  { trainer, task, data }: Settings,
  inputs: SharedInputs,
  studySeed: number,
): { readonly introduced: number; readonly perText: number } {
  const options = { ...trainer, task, batchSize: trainer.evalBatchSize, studySeed };
  const batches = validationBatches(inputs, "validation", options);
  const introduced = batches.reduce((sum, { targetIntroduced }) => sum + targetIntroduced.filter(Boolean).length, 0);
  const perText = batches.reduce((most, { bucket }) => Math.max(most, bucket.targets / bucket.batch), 0);
  if (batches.some(({ targetCount }) => targetCount > 0)) return { introduced, perText };
  const [what, hint] =
    task === "causal-lm"
      ? ["has another after it", "Add validation texts of two tokens or more."]
      : [
          "is masked",
          "Raise mask_probability or introduced_mask_probability, or add validation texts with introduced tokens.",
        ];
  const message = `no token of ${data.validation} ${what}, so there is no validation loss`;
  throw new DualrateError("data", message, { hint, place: { file: data.validation } });
}

/** The checkpoint's values and the introduced rows; the head of a classifier is not counted. */
function countParameters({ parameters }: Model, { tensors, rowMap }: SharedInputs): number {
  const withRows = parameters.filter(({ origin }) => origin.from === "rows");
  const width = withRows.reduce((sum, { shape }) => sum + sizeOf(shape.slice(1)), 0);
  return tensors.reduce((sum, { data }) => sum + data.length, 0) + rowMap.introducedRows * width;
}

async function hashInputs({ model, introduced, tokenGroups, data, task, trainer }: Settings): Promise<InputHashes> {
  const { text, textPair, label, maxTrainSamples, maxEvalSamples } = data;
  const formats = dataFormats(data);
  const encoding = {
    ...{ task, text, label, maxTrainSamples, maxEvalSamples, maxLength: trainer.maxLength, split: data.split },
    ...(textPair !== undefined && { textPair }),
    ...(trainer.problemType !== undefined && { problemType: trainer.problemType }),
    // Told only where they say more than the hashes of studies from before there were formats, and token groups.
    ...(formats.some((format) => format !== "jsonl") && { formats }),
    ...(tokenGroups && { tokenGroups }),
  };
  const splits = [data.train, data.validation, ...(data.test === undefined ? [] : [data.test])];
  const inModel = (names: readonly string[]) => names.map((name) => join(model, name));
  return {
    model: await hashOf(inModel([CONFIG_FILE, ...(await weightFiles(model))]), {}),
    tokenizer: await hashOf(inModel(TOKENIZER_FILES), introduced),
    data: await hashOf(splits, encoding),
  };
}

/** SHA-256 over each file's own SHA-256 and the settings, so that where one file ends counts too. */
async function hashOf(files: readonly string[], settings: object): Promise<string> {
  const all = createHash("sha256");
  for (const file of files) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    all.update(hash.digest());
  }
  return all.update(JSON.stringify(settings)).digest("hex");
}
