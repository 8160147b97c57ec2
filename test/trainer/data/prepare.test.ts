import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Settings } from "../../../src/sweep/settings.js";
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
  ["a config without vocab_size", { vocab_size: "many" }, /vocab_size as an integer; it is "many"/],
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
