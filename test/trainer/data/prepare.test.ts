import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Settings } from "../../../src/sweep/settings.js";
import { createTrainingBatches, validationBatches } from "../../../src/trainer/data/batches.js";
import { toHuggingFaceBatch } from "../../../src/trainer/data/exported-batches.js";
import type { EncodedSplit } from "../../../src/trainer/data/inputs.js";
import { prepareInputs } from "../../../src/trainer/data/prepare.js";
import { needsShared, shared } from "../../shared.js";
import { idOf, jsonl, tinyModel, tinySettings, WORDS } from "./tiny-model.js";

const text = (value: string, label = "x") => ({ text: value, label });
const [NEW, ZYX] = [WORDS.length, WORDS.length + 1];

/** Both introduced tokens in both splits. */
async function tinyData() {
  return {
    train: await jsonl([text("the <new> sees zyx", "k10"), text("a cat <new>", "k2"), text("a big dog", "k2")]),
    validation: await jsonl([text("zyx sees <new>", "k2")]),
  };
}

test("masked LM keeps all rows, and the introduced tokens' rows follow", async () => {
  const { summary, inputs } = await prepareInputs(tinySettings(await tinyModel(), await tinyData()), 1);
  const { data, rowMap } = inputs;
  expect(rowMap).toMatchObject({ baseRows: WORDS.length, introducedRows: 2 });
  expect(data.introduced.map(({ token, id, row }) => ({ token, id, row }))).toEqual([
    { token: "<new>", id: NEW, row: NEW },
    { token: "zyx", id: ZYX, row: ZYX },
  ]);
  const first = [2, idOf("the"), NEW, idOf("sees"), ZYX, 3];
  expect([...data.train.rows.slice(0, data.train.offsets[1])]).toEqual(first);
  expect([...data.special.neverMasked].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  expect(data.train.labels).toHaveLength(0);
  expect(summary).toMatchObject({
    trainExamples: 3,
    validationExamples: 1,
    introducedCounts: [2, 1],
    parameterCount: 4 * WORDS.length + 2 * 5,
    vocabularyRows: WORDS.length + 2,
    keptRows: WORDS.length + 2,
    warnings: [],
  });
  expect(summary.workerBytes).toBeGreaterThan(50 * 2 ** 20);
});

test("classification keeps the rows that some split uses and the special ones; classes sort naturally", async () => {
  const data = { ...(await tinyData()), test: await jsonl([text("red <new>", "k10")]) };
  const { summary, inputs } = await prepareInputs(
    tinySettings(await tinyModel(), data, { task: "sequence-classification" }),
    1,
  );
  const kept = [...inputs.rowMap.idOfRow].map((id) => WORDS[id] ?? id);
  expect(kept).toEqual([...WORDS.slice(0, 10), "big", "red", NEW, ZYX]);
  expect(inputs.data.classes).toEqual(["k2", "k10"]);
  expect([...inputs.data.train.labels]).toEqual([1, 0, 0]);
  expect([...(inputs.data.test?.labels ?? [])]).toEqual([1]);
  expect(inputs.data.test?.rows[1]).toBe(kept.indexOf("red"));
  expect(summary).toMatchObject({ vocabularyRows: WORDS.length + 2, keptRows: kept.length });
});

/** A GPT-2 whose tokenizer adds nothing to a text and has no padding. */
async function tinyDecoder(): Promise<string> {
  const config = { model_type: "gpt2", n_embd: 4, n_layer: 1, n_head: 1, n_positions: 32 };
  const model = await tinyModel({ config, tokenizerConfig: { pad_token: null } });
  const file = join(model, "tokenizer.json");
  const tokenizer = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify({ ...tokenizer, post_processor: null }));
  return model;
}

test("causal LM keeps all rows, and needs no padding token and no output bias", async () => {
  const settings = tinySettings(await tinyDecoder(), await tinyData(), { task: "causal-lm" });
  const { summary, inputs } = await prepareInputs(settings, 1);
  expect(inputs.rowMap).toMatchObject({ baseRows: WORDS.length, introducedRows: 2 });
  expect(inputs.data.special).toMatchObject({ pad: 0, cls: idOf("[CLS]") });
  expect([...inputs.data.validation.rows]).toEqual([ZYX, idOf("sees"), NEW]);
  expect(summary).toMatchObject({ parameterCount: 4 * WORDS.length + 2 * 4, warnings: [] });
});

test("causal LM over texts of one token each has nothing to measure, which is told", async () => {
  const data = { ...(await tinyData()), validation: await jsonl([text("<new>"), text("zyx")]) };
  const prepared = prepareInputs(tinySettings(await tinyDecoder(), data, { task: "causal-lm" }), 1);
  await expect(prepared).rejects.toMatchObject({
    code: "data",
    message: `no token of ${data.validation} has another after it, so there is no validation loss`,
  });
  const short = tinySettings(await tinyDecoder(), await tinyData(), { task: "causal-lm", maxLength: 1 });
  await expect(prepareInputs(short, 1)).rejects.toThrow(/max_length must be from 2 to 32/);
});

test("a task that the model's architecture does not have is an error at the key task", async () => {
  const prepared = prepareInputs(tinySettings(await tinyModel(), await tinyData(), { task: "causal-lm" }), 1);
  await expect(prepared).rejects.toMatchObject({ code: "sweep-file", key: ["task"] });
});

const tagged = (words: string, ...label: string[]) => ({ text: words.split(" "), label });

test("token classification asks for the first sub-word of each word, in classes in natural order", async () => {
  const data = {
    train: await jsonl([tagged("the cellulars <new>", "O", "B-k10", "B-k2"), tagged("zyx a", "B-k2", "O")]),
    validation: await jsonl([tagged("zyx <new>", "O", "B-k2")]),
  };
  const settings = tinySettings(await tinyModel(), data, { task: "token-classification" });
  const { inputs, summary } = await prepareInputs(settings, 1);
  expect(inputs.data.classes).toEqual(["B-k2", "B-k10", "O"]);
  // [CLS] the cell ##ular ##s <new> [SEP], [CLS] zyx a [SEP]
  expect([...inputs.data.train.labels]).toEqual([-1, 2, 1, -1, -1, 0, -1, -1, 0, 2, -1]);
  expect([...inputs.data.validation.labels]).toEqual([-1, 2, 0, -1]);
  expect(summary.introducedCounts).toEqual([1, 1]);
  expect(inputs.rowMap.idOfRow.length).toBeLessThan(WORDS.length);
});

test("words that max_length cuts off are not asked for", async () => {
  const data = {
    train: await jsonl([tagged("the <new> cellulars zyx", "A", "B", "A", "C")]),
    validation: await jsonl([tagged("zyx <new>", "A", "B")]),
  };
  const settings = tinySettings(await tinyModel(), data, { task: "token-classification", maxLength: 5 });
  const { inputs } = await prepareInputs(settings, 1);
  expect([...inputs.data.train.labels]).toEqual([-1, 0, 1, 0, -1]);
  expect(inputs.data.classes).toEqual(["A", "B"]);
});

test("tags that mark no entities are warned of, as they have no F1", async () => {
  const warningsOf = async (...tags: string[]) => {
    const file = await jsonl([tagged("the <new> zyx", ...tags)]);
    const settings = tinySettings(
      await tinyModel(),
      { train: file, validation: file },
      { task: "token-classification" },
    );
    return (await prepareInputs(settings, 1)).summary.warnings;
  };
  expect(await warningsOf("O", "B-k2", "I-k2")).toEqual([]);
  expect(await warningsOf("0", "1", "2")).toEqual([expect.stringMatching(/the tags \(0, 1, 2\) do not mark entities/)]);
});

test("a tag that no training word has is an error with its line", async () => {
  const data = {
    train: await jsonl([tagged("the <new>", "A", "B")]),
    validation: await jsonl([tagged("zyx", "A"), tagged("zyx <new>", "A", "C")]),
  };
  const settings = tinySettings(await tinyModel(), data, { task: "token-classification" });
  await expect(prepareInputs(settings, 1)).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(/line 2: no training example has the label "C"/),
    place: { file: data.validation, line: 2 },
  });
});

test("classification keeps every row where the settings say so, and is estimated with them", async () => {
  const model = await tinyModel();
  const settings = tinySettings(model, await tinyData(), { task: "sequence-classification" });
  const { summary, inputs } = await prepareInputs({ ...settings, keepAllRows: true }, 1);
  expect(inputs.rowMap).toMatchObject({ baseRows: WORDS.length, introducedRows: 2 });
  expect(summary.keptRows).toBe(WORDS.length + 2);
});

test("every array lies over shared memory, so that a thread gets it without a copy", async () => {
  const settings = tinySettings(await tinyModel(), await tinyData(), { task: "sequence-classification" });
  const { inputs } = await prepareInputs(settings, 1);
  const arrays: ArrayBufferView[] = [];
  const collect = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) arrays.push(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
  };
  collect(inputs);
  expect(arrays.length).toBeGreaterThan(10);
  expect(arrays.filter(({ buffer }) => !(buffer instanceof SharedArrayBuffer))).toEqual([]);
});

test("whole-word masking knows what each row is in its word; introduced and special rows are words of their own", async () => {
  const settings = tinySettings(await tinyModel(), await tinyData(), { wholeWordMasking: true });
  const parts = (await prepareInputs(settings, 1)).inputs.data.wordParts;
  expect(parts?.buffer).toBeInstanceOf(SharedArrayBuffer);
  const partOf = (word: string) => parts?.[idOf(word)];
  expect(["cat", "cell", "<old>"].map(partOf)).toEqual([0, 0, 0]);
  expect(["##ular", "##z"].map(partOf)).toEqual([1, 1]);
  expect([...["[MASK]", "[UNK]"].map(partOf), parts?.[NEW], parts?.[ZYX]]).toEqual([2, 2, 2, 2]);
  expect((await prepareInputs(tinySettings(await tinyModel(), await tinyData()), 1)).inputs.data).not.toHaveProperty(
    "wordParts",
  );
});

test("regression has numbers for labels, from the data to the exported batches; without it they stay classes", async () => {
  const examples = [
    { text: "a <new>", label: 0.5 },
    { text: "zyx", label: "-3" },
    { text: "the zyx", label: 2 },
  ];
  const data = { train: await jsonl(examples), validation: await jsonl(examples) };
  const settings = tinySettings(await tinyModel(), data, {
    task: "sequence-classification",
    problemType: "regression",
  });
  const { summary, inputs } = await prepareInputs(settings, 1);
  expect([...(inputs.data.train.values ?? [])]).toEqual([0.5, -3, 2]);
  expect(inputs.data.train.values?.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect([inputs.data.classes, [...inputs.data.train.labels]]).toEqual([[], []]);
  const options = { ...settings.trainer, task: settings.task, batchSize: 2, studySeed: 1 };
  const batches = validationBatches(inputs, "validation", options);
  // Short texts first; the last batch has one example to fill it.
  expect(batches.map(({ targetValues }) => [...(targetValues ?? [])])).toEqual([
    [-3, 0.5],
    [2, 0],
  ]);
  const exported = batches.map((batch) => toHuggingFaceBatch(batch, settings.task, inputs.rowMap));
  expect(exported.map(({ labels }) => labels)).toEqual([[-3, 0.5], [2]]);
  expect(exported[1]).toMatchObject({
    input_ids: [[2, idOf("the"), ZYX, 3, 0, 0, 0, 0]],
    attention_mask: [[1, 1, 1, 1, 0, 0, 0, 0]],
    token_type_ids: [[0, 0, 0, 0, 0, 0, 0, 0]],
  });

  const whole = await jsonl([
    { text: "a <new>", label: 1 },
    { text: "zyx", label: 2 },
  ]);
  const classes = tinySettings(
    settings.model,
    { train: whole, validation: whole },
    { task: "sequence-classification" },
  );
  const asClasses = await prepareInputs(classes, 1);
  expect(asClasses.inputs.data.classes).toEqual(["1", "2"]);
  expect(asClasses.inputs.data.train).not.toHaveProperty("values");
  const asNumbers = await prepareInputs({ ...classes, trainer: { ...classes.trainer, problemType: "regression" } }, 1);
  expect(asNumbers.summary.hashes.data).not.toBe(asClasses.summary.hashes.data);
  expect(summary.hashes.tokenizer).toBe(asClasses.summary.hashes.tokenizer);
});

/** Pairs of texts, of which the first, the second, both or neither hold an introduced token. */
async function pairSettings(trainer = {}, model = {}): Promise<Settings> {
  const pair = (first: string, second: string, label: string) => ({ text: first, other: second, label });
  const train = [pair("a <new>", "the cat", "k1"), pair("red", "zyx big", "k2"), pair("<new>", "a zyx", "k1")];
  const data = { train: await jsonl([...train, pair("dog", "dog", "k2")]), validation: await jsonl(train) };
  const folder = await tinyModel({ pairs: true, ...model });
  const settings = tinySettings(folder, data, { task: "sequence-classification", ...trainer });
  return { ...settings, data: { ...settings.data, textPair: "other" } };
}

test("pairs are one sequence with token types, whose rows are kept; either text makes an example an introduced one", async () => {
  const settings = await pairSettings();
  const { summary, inputs } = await prepareInputs(settings, 1);
  const { train } = inputs.data;
  const ids = [...train.rows].map((row) => inputs.rowMap.idOfRow[row] ?? -1).map((id) => WORDS[id] ?? id);
  const end = train.offsets[2];
  expect(ids.slice(0, end)).toEqual([
    "[CLS]",
    "a",
    NEW,
    "[SEP]",
    "the",
    "cat",
    "[SEP]",
    "[CLS]",
    "red",
    "[SEP]",
    ZYX,
    "big",
    "[SEP]",
  ]);
  expect([...train.tokenTypes.slice(0, end)]).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]);
  expect(summary.introducedCounts).toEqual([2, 2]);
  const options = { ...settings.trainer, task: settings.task, batchSize: 8, studySeed: 1 };
  const [batch] = validationBatches({ ...inputs, data: { ...inputs.data, validation: train } }, "validation", options);
  const exported = batch && toHuggingFaceBatch(batch, settings.task, inputs.rowMap);
  const introduced = exported?.input_ids.map((line) => Number(line.includes(NEW) || line.includes(ZYX)));
  expect([...(batch?.targetIntroduced ?? [])]).toEqual(introduced);
  expect(introduced?.slice(0, 4).sort()).toEqual([0, 1, 1, 1]);
  expect(exported?.token_type_ids?.map((line) => line.includes(1)).slice(0, 4)).toEqual([true, true, true, true]);
});

test("a pattern finds tokens in both texts of a pair, and the second text belongs to the data's hash", async () => {
  const settings = await pairSettings();
  const source = { pattern: "<new>|zyx", maxTokens: 2 };
  const { summary } = await prepareInputs({ ...settings, introduced: { tokens: [], source, special: false } }, 1);
  expect(summary.introduced?.tokens).toEqual(["<new>", "zyx"]);
  const { textPair: _, ...data } = settings.data;
  const alone = await prepareInputs({ ...settings, data }, 1);
  expect(alone.summary.hashes.data).not.toBe(summary.hashes.data);
});

test("pairs need a template, room for a token of each, and a model with their token types", async () => {
  const failing = async (settings: Promise<Settings>) => prepareInputs(await settings, 1).catch((error) => error);
  expect(await failing(pairSettings({}, { pairs: false }))).toMatchObject({
    code: "model",
    key: ["data", "text_pair"],
  });
  expect((await failing(pairSettings({ maxLength: 4 }))).message).toMatch(/max_length must be from 5 to 32 .* got 4/);
  expect((await failing(pairSettings({}, { config: { type_vocab_size: 1 } }))).message).toMatch(
    /gives token type 1, but the model has 1/,
  );
});

test("an introduced id below the config's vocab_size takes its row out of the base rows", async () => {
  const model = await tinyModel({ config: { vocab_size: WORDS.length + 4 } });
  const { inputs } = await prepareInputs(tinySettings(model, await tinyData()), 1);
  expect(inputs.rowMap).toMatchObject({ baseRows: WORDS.length + 2, introducedRows: 2 });
  expect(inputs.data.introduced.map(({ id, row }) => [id, row])).toEqual([
    [NEW, WORDS.length + 2],
    [ZYX, WORDS.length + 3],
  ]);
});

test("hashes follow their own inputs and nothing else", async () => {
  const [model, data] = [await tinyModel(), await tinyData()];
  const hashes = async (overrides = {}) =>
    (await prepareInputs(tinySettings(model, data, overrides), 1)).summary.hashes;
  const before = await hashes();
  expect(await hashes({ maskProbability: 0.5 })).toEqual(before);
  expect(await hashes({ maxLength: 12 })).toEqual({ ...before, data: expect.not.stringMatching(before.data) });
  const otherTokens = await hashes({ tokens: ["zyx", "<new>"] });
  expect(otherTokens).toEqual({ ...before, tokenizer: expect.not.stringMatching(before.tokenizer) });

  await appendFile(data.validation, `${JSON.stringify(text("a <new>"))}\n`);
  const otherData = await hashes();
  expect(otherData).toEqual({ ...before, data: expect.not.stringMatching(before.data) });
  const config = join(model, "config.json");
  await writeFile(config, (await readFile(config, "utf8")).replace("}", ', "more": 1}'));
  expect(await hashes()).toEqual({ ...otherData, model: expect.not.stringMatching(before.model) });
});

test("every format, and tokens from a list, a file or a pattern, give the same inputs", async () => {
  const [model, data] = [await tinyModel(), await tinyData()];
  const before = await prepareInputs(tinySettings(model, data), 1);
  const as = async (file: string, ending: string, line: (text: string) => string) => {
    const texts = (await readFile(file, "utf8")).trim().split("\n");
    const written = texts.map((json) => line(JSON.parse(json).text)).join("\r\n");
    await writeFile(`${file}.${ending}`, ending === "txt" ? written : `text\r\n${written}`);
    return `${file}.${ending}`;
  };
  const formats = [
    ["csv", (text: string) => `"${text}"`],
    ["tsv", (text: string) => text],
    ["txt", (text: string) => text],
  ] as const;
  for (const [ending, line] of formats) {
    const files = { train: await as(data.train, ending, line), validation: await as(data.validation, ending, line) };
    const { summary, inputs } = await prepareInputs(tinySettings(model, files), 1);
    expect(inputs).toEqual(before.inputs);
    expect({ ...summary, hashes: {} }).toEqual({ ...before.summary, hashes: {} });
  }
  const source = { pattern: "<new>|zyx", maxTokens: 2 };
  const stated = { ...tinySettings(model, data), introduced: { tokens: [], source, special: false } };
  const { summary, inputs } = await prepareInputs(stated, 1);
  expect(inputs).toEqual(before.inputs);
  expect(summary).toEqual({ ...before.summary, introduced: { tokens: ["<new>", "zyx"], special: false } });
});

test("one file gives splits without a text in common, and its shares belong to the data", async () => {
  const words = ["a", "the", "cat", "dog", "big"];
  const texts = words.flatMap((first) => words.map((second) => text(`<new> zyx ${first} ${second}`)));
  const file = await jsonl([...texts, ...texts]);
  const prepared = async (split: NonNullable<Settings["data"]["split"]>) => {
    const settings = tinySettings(await tinyModel(), { train: file, validation: file, test: file });
    return prepareInputs({ ...settings, data: { ...settings.data, split } }, 1);
  };
  const { summary, inputs } = await prepared({ validation: 0.3, test: 0.3, seed: 1 });
  const { train, validation, test } = inputs.data;
  const examples = (split: EncodedSplit | undefined) =>
    Array.from({ length: (split?.offsets.length ?? 1) - 1 }, (_, i) =>
      split?.rows.slice(split.offsets[i], split.offsets[i + 1]).join(),
    );
  const sets = [train, validation, test].map((split) => new Set(examples(split)));
  expect(sets.reduce((sum, { size }) => sum + size, 0)).toBe(25);
  expect(new Set(sets.flatMap((set) => [...set])).size).toBe(25);
  expect([train, validation, test].flatMap(examples)).toHaveLength(50);
  const other = await prepared({ validation: 0.3, test: 0.3, seed: 2 });
  expect(other.summary.hashes).toEqual({ ...summary.hashes, data: expect.not.stringMatching(summary.hashes.data) });
});

test("the data's oddities are warnings that name tokens and shares", async () => {
  const data = {
    train: await jsonl([text("the <new> xzyxy cat"), text("QQ QQ QQ"), text("a a a a a a a a a a a a a a a a a a a")]),
    validation: await jsonl([text("a cat sees a dog")]),
  };
  const { summary } = await prepareInputs(
    tinySettings(await tinyModel(), data, { tokens: ["<new>", "<never>", "zyx"], maskProbability: 0.9 }),
    1,
  );
  expect(summary.introducedCounts).toEqual([1, 0, 1]);
  expect(summary.warnings).toEqual([
    expect.stringMatching(/^1 introduced tokens never occur in the training texts.*: <never>$/),
    expect.stringMatching(/^3 introduced tokens never occur in the validation texts.*: <new>, <never>, zyx$/),
    expect.stringMatching(/no introduced token is asked for in validation/),
    expect.stringMatching(/inside of longer words, in 1 training texts \(33\.3 %\)/),
    expect.stringMatching(/^1 training texts \(33\.3 %\) are longer than max_length/),
    expect.stringMatching(/of the training tokens are unknown to the tokenizer/),
  ]);
});

const noNew = { train: [text("a cat", "k1"), text("a dog", "k2")] };

test.each([
  [
    "no introduced token in the training texts",
    noNew,
    {},
    "tokens",
    /no introduced token \("<new>", "zyx"\) occurs in/,
  ],
  ["a max_length beyond the model's positions", {}, { maxLength: 33 }, "sweep-file", /from 3 to 32 .* got 33/],
  ["a max_length of special tokens alone", {}, { maxLength: 2 }, "sweep-file", /from 3 to 32 .* got 2/],
  ["nothing to predict in validation", {}, { maskProbability: 0, special: true }, "data", /no token of .* is masked/],
  [
    "a validation label that training does not have",
    { validation: [text("a <new>", "k2"), text("zyx", "k3")] },
    { task: "sequence-classification" },
    "data",
    /line 2: no training example has the label "k3"/,
  ],
  [
    "one class alone",
    { train: [text("a <new> zyx", "k2")] },
    { task: "sequence-classification" },
    "data",
    /at least two classes; every label is "k2"/,
  ],
] as const)("%s is an error", async (_, files, overrides, code, message) => {
  const { train, validation }: { train?: readonly unknown[]; validation?: readonly unknown[] } = { ...files };
  const data = await tinyData();
  const paths = {
    train: train ? await jsonl(train) : data.train,
    validation: validation ? await jsonl(validation) : data.validation,
  };
  const settings = tinySettings(await tinyModel(), paths, overrides);
  await expect(prepareInputs(settings, 1)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/\w/),
  });
});

test.each([
  ["a config without vocab_size", { vocab_size: "many" }, /vocab_size as an integer from 1 to 16777216; it is "many"/],
  ["an architecture that is not known", { model_type: "t5" }, /"t5", expected one of bert/],
  ["a tokenizer with ids beyond the model's rows", { vocab_size: 8 }, /the id \d+, for which the model has no row/],
])("%s is an error of code model", async (_, config, message) => {
  const settings = tinySettings(await tinyModel({ config }), await tinyData());
  await expect(prepareInputs(settings, 1)).rejects.toMatchObject({
    code: "model",
    message: expect.stringMatching(message),
  });
});

test("RoBERTa's max_length leaves out the positions before the first token's", async () => {
  const config = { model_type: "roberta", max_position_embeddings: 18, pad_token_id: 0 };
  const [model, data] = [await tinyModel({ config }), await tinyData()];
  await expect(prepareInputs(tinySettings(model, data, { maxLength: 18 }), 1)).rejects.toThrow(/from 3 to 17 /);
  const { summary } = await prepareInputs(tinySettings(model, data, { maxLength: 17 }), 1);
  expect(summary.trainExamples).toBe(3);
});

test.skipIf(!shared)(needsShared("the real ALBERT and reactions: ten tokens, one in each text, no [UNK]"), async () => {
  const folder = (name: string) => join(shared ?? "", name);
  const settings = tinySettings(
    folder("models/rxn-albert"),
    { train: folder("data/reaction-classes/train.jsonl"), validation: folder("data/reaction-classes/valid.jsonl") },
    { tokens: Array.from({ length: 10 }, (_, i) => `<RX_${i + 1}>`), maxLength: 160 },
  );
  const { summary, inputs } = await prepareInputs(settings, 1);
  const { introduced, train, validation } = inputs.data;
  expect(introduced.map(({ id, row }) => [id, row])).toEqual(Array.from({ length: 10 }, (_, i) => [591 + i, 591 + i]));
  // Counts by class from the data's own README.
  expect(summary).toMatchObject({
    trainExamples: 8000,
    validationExamples: 1000,
    introducedCounts: [2418, 1905, 901, 144, 104, 1336, 733, 130, 293, 36],
    vocabularyRows: 601,
    keptRows: 601,
    parameterCount: 735_567 + 10 * 129,
    warnings: [],
  });
  for (const split of [train, validation]) {
    expect(split.rows.includes(11)).toBe(false);
    const counts = Array.from(
      split.offsets.subarray(1),
      (end, i) => split.rows.subarray(split.offsets[i], end).filter((row) => row >= 591).length,
    );
    expect(new Set(counts)).toEqual(new Set([1]));
  }
});

test("training tokens are the attention mask's over one pass, after truncation", async () => {
  const settings = tinySettings(await tinyModel(), await tinyData());
  const short = { ...settings, trainer: { ...settings.trainer, maxLength: 5 } };
  for (const one of [settings, short]) {
    const { summary, inputs } = await prepareInputs(one, 1);
    const options = { ...one.trainer, task: one.task, batchSize: 3, accumulationSteps: 1, seed: 3 };
    const batches = createTrainingBatches(inputs, options);
    const masks = batches(0).flatMap(({ attentionMask }) => [...attentionMask]);
    expect(summary.trainTokens).toBe(masks.reduce((sum, mask) => sum + mask, 0));
    expect(summary.trainTokens).toBe(one === short ? 15 : 16);
  }
});
