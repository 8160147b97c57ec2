import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Settings, TokenSource } from "../../../src/sweep/settings.js";
import { prepareInputs } from "../../../src/trainer/data/prepare.js";
import { resolveTokens } from "../../../src/trainer/data/tokens.js";
import { idOf, jsonl, tinyModel, tinySettings } from "./tiny-model.js";

async function fileWith(name: string, content: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "dualrate-tokens-")), name);
  await writeFile(file, content);
  return file;
}

function withSource(settings: Settings, source: TokenSource): Settings {
  return { ...settings, introduced: { tokens: [], source, special: false } };
}

async function fromFile(name: string, content: string) {
  const file = await fileWith(name, content);
  const settings = withSource(tinySettings("model", { train: "none", validation: "none" }), { file });
  return { file, resolve: () => resolveTokens(settings) };
}

test("a Parquet file gives its tokens by its columns", async () => {
  const file = fileURLToPath(new URL("../../golden/parquet/tokens.parquet", import.meta.url));
  const settings = withSource(tinySettings("model", { train: "none", validation: "none" }), { file });
  const { introduced, origin } = await resolveTokens(settings);
  expect(introduced).toMatchObject({ tokens: ["<b>", "<a>"], tokenInit: { "<a>": "random" } });
  expect(origin).toMatchObject({
    places: [
      { line: 1, unit: "row" },
      { line: 2, unit: "row" },
    ],
  });
});

const TEXTS = ["a <RX_10> b <RX_2>", "<RX_2> c", "<RX_1><RX_30>"];

async function byPattern(pattern: string, maxTokens = 1000, data: Partial<Settings["data"]> = {}) {
  const train = await jsonl(TEXTS.map((text) => ({ text })));
  const settings = tinySettings("model", { train, validation: train });
  return resolveTokens(withSource({ ...settings, data: { ...settings.data, ...data } }, { pattern, maxTokens }));
}

test.each([
  ["tokens.txt", "\uFEFF<b>\r\n\r\n  <a>\n", [1, 3]],
  ["tokens", "<b>\n<a>", [1, 2]],
  ["tokens.csv", 'note,token\n"x, y",<b>\n,<a>\n', [2, 3]],
  ["tokens.tsv", "token\n<b>\n<a>\n", [2, 3]],
  ["tokens.jsonl", '{"token": "<b>"}\n{"token": "<a>", "note": 1}\n', [1, 2]],
] as const)("%s gives its tokens in its order, with their places", async (name, content, lines) => {
  const { file, resolve } = await fromFile(name, content);
  expect(await resolve()).toEqual({
    introduced: { tokens: ["<b>", "<a>"], special: false },
    origin: { kind: "file", places: lines.map((line) => ({ file, line })) },
  });
});

test("a file's column init is for single tokens; where it is empty a token starts as the others", async () => {
  const { resolve } = await fromFile("tokens.csv", "token,init\n<b>,copy:the\n<c>,\n<a>,subword_mean\n");
  expect((await resolve()).introduced).toEqual({
    tokens: ["<b>", "<c>", "<a>"],
    special: false,
    tokenInit: { "<b>": "copy:the", "<a>": "subword_mean" },
  });
});

test("a copied token is one that the vocabulary has, or an error with its line", async () => {
  const train = await jsonl([{ text: "a <new> cat zyx" }]);
  const settings = tinySettings(await tinyModel(), { train, validation: train });
  const prepared = async (inits: string) => {
    const file = await fileWith("tokens.csv", `token,init\n${inits}`);
    return prepareInputs(withSource(settings, { file }), 1);
  };
  const { inputs, summary } = await prepared("<new>,copy:##ular\nzyx,random\n");
  expect(inputs.data.introduced.map(({ init }) => init)).toEqual([{ copyOf: idOf("##ular") }, "random"]);
  const plain = (await prepareInputs(settings, 1)).summary.hashes;
  expect(summary.hashes).toEqual({ ...plain, tokenizer: expect.not.stringMatching(plain.tokenizer) });
  await expect(prepared("<new>,\nzyx,copy:ular\n")).rejects.toMatchObject({
    code: "tokens",
    message: expect.stringMatching(/line 3: "zyx" cannot start as a copy of "ular": the vocabulary has no such token/),
  });
});

test("a pattern gives what it matches, once each, in natural order", async () => {
  const { introduced } = await byPattern("<RX_\\d+>");
  expect(introduced).toEqual({ tokens: ["<RX_1>", "<RX_2>", "<RX_10>", "<RX_30>"], special: false });
});

test("a pattern sees the training examples alone, as many as are trained on", async () => {
  const { introduced } = await byPattern("<RX_\\d+>", 1000, { maxTrainSamples: 2 });
  expect(introduced.tokens).toEqual(["<RX_2>", "<RX_10>"]);
});

test("a list stays as it is", async () => {
  const { introduced } = tinySettings("model", { train: "none", validation: "none" });
  expect(await resolveTokens(tinySettings("model", { train: "none", validation: "none" }))).toEqual({
    introduced,
    origin: { kind: "list" },
  });
});

test.each([
  ["finds nothing", "<XR>", 10, /^the pattern <XR> finds no token in the training texts of .*data.jsonl$/],
  ["finds too many", "<RX_\\d+>", 3, /may find at most 3 different tokens; it has found more by line 3 of/],
  ["matches blank text", " ?", 10, /must match tokens, but matches blank text in .*, line 1$/],
  ["matches nothing at some place", "(?=b)", 10, /must match tokens, but matches blank text in .*, line 1$/],
] as const)("a pattern that %s is an error of its key", async (_, pattern, most, message) => {
  await expect(byPattern(pattern, most)).rejects.toMatchObject({
    code: "tokens",
    message: expect.stringMatching(message),
    key: ["introduced_tokens", "pattern"],
    hint: expect.stringMatching(/\w/),
  });
});

test.each([
  ["a token twice", "tokens.txt", "<a>\n<b>\n<a>\n", 3, /"<a>" is listed already, in line 1/],
  ["no column for tokens", "tokens.csv", "name\n<a>\n", 2, /has no column "token"; it has "name"/],
  ["a number for a token", "tokens.jsonl", '{"token": 5}\n', 1, /"token" must be text, is a number/],
  ["a blank token", "tokens.tsv", "token\tnote\n<a>\t\n \tx\n", 3, /"token" is blank/],
  [
    "an unknown init",
    "tokens.csv",
    "token,init\n<a>,mean\n<b>,maen\n",
    3,
    /"init" must be one of mean.*; it is "maen"/,
  ],
  ["a copy of nothing", "tokens.csv", "token,init\n<a>,copy:\n", 2, /or copy: and a token .*; it is "copy:"/],
  ["nothing", "tokens.txt", "\n\n", undefined, /must hold at least one token; it is empty/],
  ["nothing but names of columns", "tokens.csv", "token\n", undefined, /must hold at least one token/],
] as const)("a file with %s is an error with its line", async (_, name, content, line, message) => {
  const { file, resolve } = await fromFile(name, content);
  await expect(resolve()).rejects.toMatchObject({
    code: "tokens",
    message: expect.stringMatching(message),
    place: line === undefined ? { file } : { file, line },
    hint: expect.stringMatching(/\w/),
  });
});

test("a pattern looks into each word, never across two", async () => {
  const train = await jsonl([{ text: ["a<n1>", "<n2", "<n3>"], label: ["O", "O", "O"] }]);
  const settings = tinySettings(await tinyModel(), { train, validation: train }, { task: "token-classification" });
  const { introduced } = await resolveTokens(withSource(settings, { pattern: "<[^>]+>|2 <", maxTokens: 10 }));
  expect(introduced.tokens).toEqual(["<n1>", "<n3>"]);
});

test("a pattern that finds what the vocabulary has already is an error of its key", async () => {
  const train = await jsonl([{ text: "a <new> cat" }]);
  const settings = tinySettings(await tinyModel(), { train, validation: train });
  const stated = withSource(settings, { pattern: "<new>|cat", maxTokens: 10 });
  await expect(prepareInputs(stated, 1)).rejects.toMatchObject({
    code: "tokens",
    message: expect.stringMatching(/the vocabulary already has the introduced token "cat"/),
    key: ["introduced_tokens", "pattern"],
    hint: expect.stringMatching(/new tokens alone/),
  });
});

test("a file's token that the vocabulary has already is an error with its line", async () => {
  const file = await fileWith("tokens.csv", "token\n<new>\ncat\n");
  const train = await jsonl([{ text: "a <new> cat" }]);
  const settings = withSource(tinySettings(await tinyModel(), { train, validation: train }), { file });
  await expect(prepareInputs(settings, 1)).rejects.toMatchObject({
    code: "tokens",
    message: expect.stringMatching(/tokens.csv, line 3: the vocabulary already has the introduced token "cat"/),
    place: { file, line: 3 },
  });
});
