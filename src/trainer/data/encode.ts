// One split's file, read and encoded: first to vocabulary ids, then, once all splits are known, to rows of the row map.
import { DualrateError } from "../../errors.js";
import { type Example, type ExampleFields, readExamples, type TaggedWord } from "./dataset.js";
import type { EncodedSplit } from "./inputs.js";
import { type Place, placeIn, wrongLine } from "./lines.js";
import { compareNaturally } from "./natural-order.js";
import { type RowMap, sharedInt32 } from "./row-map.js";
import type { EncodedText, Tokenizer } from "./tokenizer.js";

/** What is asked for, of a text or of one of its words. */
interface Label {
  /** Of the class; in regression the number. */
  readonly name: string;
  /** Index of the text. */
  readonly text: number;
  /** Of the word's first sub-word; undefined where the label is the whole text's. */
  readonly position: number | undefined;
}

/** A split's texts as vocabulary ids, with what was counted on the way. */
export interface EncodedTexts {
  readonly file: string;
  readonly texts: readonly Pick<EncodedText, "ids" | "tokenTypes">[];
  /** One a text or one a word, in their order; empty where the task asks for none. */
  readonly labels: readonly Label[];
  /** Where each text stands in the file. */
  readonly places: readonly Place[];
  /** Occurrences by vocabulary id. */
  readonly idCounts: ReadonlyMap<number, number>;
  readonly truncated: number;
  /** Texts in which `watch` matches. */
  readonly watched: number;
}

export interface EncodeOptions {
  readonly fields: ExampleFields;
  /** The first so many examples. */
  readonly limit: number | undefined;
  readonly maxLength: number;
  /** A pattern whose texts are counted. */
  readonly watch: RegExp | undefined;
}

/** Reads and encodes a file; throws a DualrateError of code "data" that names file and line. */
export async function encodeFile(file: string, tokenizer: Tokenizer, options: EncodeOptions): Promise<EncodedTexts> {
  const { fields, limit, maxLength, watch } = options;
  const texts: EncodedText[] = [];
  const labels: Label[] = [];
  const places: Place[] = [];
  const idCounts = new Map<number, number>();
  let watched = 0;
  const encodeExample = exampleEncoder(tokenizer, fields, maxLength);
  for await (const example of readExamples(file, fields, limit)) {
    const [encoded, named] = encodeExample(example);
    for (const id of encoded.ids) idCounts.set(id, (idCounts.get(id) ?? 0) + 1);
    labels.push(...named.map((label) => ({ ...label, text: texts.length })));
    texts.push(encoded);
    places.push(placeIn(file, example.line, fields.format));
    if (watch?.test(example.text) || watch?.test(example.textPair ?? "")) watched += 1;
  }
  return { file, texts, labels, places, idCounts, truncated: texts.filter((text) => text.truncated).length, watched };
}

type ExampleEncoder = (example: Example) => readonly [EncodedText, readonly Omit<Label, "text">[]];

function exampleEncoder(tokenizer: Tokenizer, fields: ExampleFields, maxLength: number): ExampleEncoder {
  const pairs = fields.textPair === undefined ? undefined : tokenizer.pairs();
  return ({ text, textPair = "", label, words }) => {
    if (words) return encodeTagged(words, tokenizer, maxLength);
    const encoded = pairs ? pairs.encode(text, textPair, maxLength) : tokenizer.encode(text, maxLength);
    return [encoded, label === undefined ? [] : [{ name: label, position: undefined }]];
  };
}

function encodeTagged(
  words: readonly TaggedWord[],
  tokenizer: Tokenizer,
  maxLength: number,
): ReturnType<ExampleEncoder> {
  const texts = words.map(({ text }) => text);
  const encoded = tokenizer.encodeWords(texts, maxLength);
  return [encoded, encoded.firsts.map(({ position, word }) => ({ name: words[word]?.tag ?? "", position }))];
}

/** The split over shared memory, ids turned into rows and labels into class indices or numbers. */
export function toSplit(encoded: EncodedTexts, rowMap: RowMap, classes: readonly string[] | "numbers"): EncodedSplit {
  const { texts } = encoded;
  const offsets = new Int32Array(texts.length + 1);
  texts.forEach(({ ids }, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + ids.length;
  });
  const total = offsets[texts.length] ?? 0;
  const rows = new Int32Array(new SharedArrayBuffer(4 * total));
  const tokenTypes = new Uint8Array(new SharedArrayBuffer(total));
  texts.forEach((text, index) => {
    rows.set(rowsOf(text.ids, rowMap), offsets[index]);
    tokenTypes.set(text.tokenTypes, offsets[index]);
  });
  const flat = { rows, tokenTypes, offsets: sharedInt32(offsets) };
  if (classes !== "numbers") return { ...flat, labels: labelsOf(encoded, offsets, classes) };
  const values = new Float32Array(new SharedArrayBuffer(4 * texts.length));
  values.set(encoded.labels.map(({ name }) => Number(name)));
  return { ...flat, labels: sharedInt32([]), values };
}

function rowsOf(ids: readonly number[], { rowOfId }: RowMap): readonly number[] {
  return ids.map((id) => {
    const row = rowOfId[id] ?? -1;
    if (row >= 0) return row;
    throw new DualrateError("model", `the tokenizer gives the id ${id}, for which the model has no row`, {
      hint: "The tokenizer must be the model's own: vocab_size in config.json must exceed every id.",
    });
  });
}

/** The labels as EncodedSplit has them. */
function labelsOf(encoded: EncodedTexts, offsets: Int32Array, classes: readonly string[]): Int32Array {
  const { labels } = encoded;
  const indices = classIndices(encoded, classes);
  if (labels.every(({ position }) => position === undefined)) return sharedInt32(indices);
  const ofRows = new Int32Array(new SharedArrayBuffer(4 * (offsets.at(-1) ?? 0))).fill(-1);
  labels.forEach(({ text, position = 0 }, i) => {
    ofRows[(offsets[text] ?? 0) + position] = indices[i] ?? -1;
  });
  return ofRows;
}

function classIndices({ file, labels, places }: EncodedTexts, classes: readonly string[]): readonly number[] {
  const indices = new Map(classes.map((name, index) => [name, index]));
  return labels.map(({ name, text }) => {
    const index = indices.get(name);
    if (index !== undefined) return index;
    const problem = `no training example has the label "${name}"`;
    const hint = `The training labels are: ${abbreviated(classes)}.`;
    throw wrongLine(places[text] ?? { file, line: 0 }, problem, hint);
  });
}

function abbreviated(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

/**
 * Class names in natural order (RX_2 before RX_10), from the training labels. Throws a DualrateError of code "data" where
 * there is one class alone.
 */
export function classesOf({ file, labels }: EncodedTexts): readonly string[] {
  const classes = [...new Set(labels.map(({ name }) => name))].sort(compareNaturally);
  if (labels.length === 0 || classes.length > 1) return classes;
  throw new DualrateError("data", `${file} must hold at least two classes; every label is "${classes[0]}"`, {
    hint: "Name the field that holds the classes as data.label.",
    place: { file },
  });
}
