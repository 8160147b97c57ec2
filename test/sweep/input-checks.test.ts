import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { CLASSIFICATION, edited, file, folder, TAGGING, testMistakes } from "./fixture.js";

const FILES = "  train: train.jsonl\n  validation: valid.jsonl\n";
const TOKENS = '  tokens: ["<RX_1>", "<RX_2>"]\n';
const settings = (edits: Readonly<Record<string, string>>) => parseSweep(edited(edits), file).settings;
const train = join(folder, "train.jsonl");

test("one file with a split stands for all splits", () => {
  const { data } = settings({ [FILES]: "  file: train.jsonl\n  split: {validation: 0.1}\n" });
  expect(data).toEqual({
    ...{ train, validation: train, text: "text", label: "label" },
    split: { validation: 0.1, seed: 0 },
  });
  const three = settings({ [FILES]: "  file: train.jsonl\n  split: {validation: 0.1, test: 0.2, seed: 3}\n" }).data;
  expect(three).toMatchObject({ test: train, split: { validation: 0.1, test: 0.2, seed: 3 } });
});

test("tokens come from a file or by a pattern, with where to look in their place", () => {
  expect(settings({ [TOKENS]: "  file: train.jsonl\n" }).introduced).toEqual({
    tokens: [],
    source: { file: train },
    special: false,
  });
  expect(settings({ [TOKENS]: "  pattern: '<RX_\\d+>'\n  init: random\n" }).introduced).toEqual({
    tokens: [],
    source: { pattern: "<RX_\\d+>", maxTokens: 1000 },
    special: false,
  });
  const more = settings({ [TOKENS]: "  pattern: x\n  max_tokens: 5000\n" }).introduced;
  expect(more.source).toEqual({ pattern: "x", maxTokens: 5000 });
});

test("a listed token's own initialisation is kept, in the order of the tokens", () => {
  const more = `${TOKENS}  token_init: {"<RX_2>": random, "<RX_1>": "copy:a"}\n`;
  const { introduced, fixed } = settings({ [TOKENS]: more });
  expect(JSON.stringify(introduced.tokenInit)).toBe('{"<RX_1>":"copy:a","<RX_2>":"random"}');
  expect(fixed).toEqual({});
});

test("a format is kept where it is given", () => {
  expect(settings({ [FILES]: `${FILES}  format: csv\n` }).data.format).toBe("csv");
  expect(settings({ [FILES]: `${FILES}  format: auto\n` }).data).not.toHaveProperty("format");
});

describe("where the data come from:", () => {
  testMistakes([
    {
      what: "a file for all splits beside one for training",
      text: edited({ [FILES]: "  train: train.jsonl\n  file: train.jsonl\n  split: {validation: 0.1}\n" }),
      line: 5,
      message: /^data.file names one file for all splits, and data.train another/,
      hint: /Remove one/,
    },
    {
      what: "a file for all splits that is not split",
      text: edited({ [FILES]: "  file: train.jsonl\n" }),
      line: 4,
      message: /^data.split is missing/,
      hint: /split: \{validation: 0\.1\}/,
    },
    {
      what: "a split of nothing",
      text: edited({ [FILES]: `${FILES}  split: {validation: 0.1}\n` }),
      line: 4,
      message: /^data.file is missing: data.split splits the one file/,
    },
    {
      what: "a missing split",
      text: edited({ "  validation: valid.jsonl\n": "" }),
      line: 4,
      message: /^data.validation is missing: each split needs a file/,
      hint: /Add `validation: validation.jsonl` under data/,
    },
    {
      what: "shares that leave nothing to train on",
      text: edited({ [FILES]: "  file: train.jsonl\n  split: {validation: 0.5, test: 0.5}\n" }),
      line: 6,
      message: /^data.split must leave texts for training; validation 0.5 and test 0.5/,
    },
    {
      what: "an unknown key of a split",
      text: edited({ [FILES]: "  file: train.jsonl\n  split: {validation: 0.5, train: 0.5}\n" }),
      line: 6,
      message: /^train is not a known key under data.split$/,
    },
    {
      what: "a file that is not there",
      text: edited({ [FILES]: "  file: none.csv\n  split: {validation: 0.5}\n" }),
      line: 5,
      message: /^data.file must be a file; there is nothing at .*none.csv$/,
    },
    {
      what: "plain text where labels are needed",
      text: edited({ ...CLASSIFICATION, [FILES]: `${FILES}  format: text\n` }),
      line: 7,
      message: /^task sequence-classification needs labels, which plain text has none of$/,
    },
    {
      what: "a second text under masked-lm",
      text: edited({ [FILES]: `${FILES}  text_pair: other\n` }),
      line: 7,
      message: /^data.text_pair would have no effect: masked-lm reads one text an example$/,
    },
    {
      what: "a second text under token-classification",
      text: edited({ ...TAGGING, [FILES]: `${FILES}  text_pair: other\n` }),
      line: 7,
      message: /^data.text_pair would have no effect: token-classification reads one text an example$/,
    },
    {
      what: "columns of words where classes of texts are needed",
      text: edited({ ...CLASSIFICATION, [FILES]: `${FILES}  format: conll\n` }),
      line: 7,
      message: /^task sequence-classification needs whole texts; conll has a word and its tag in each line$/,
    },
    {
      what: "plain text where words and tags are needed",
      text: edited({ ...TAGGING, [FILES]: `${FILES}  format: text\n` }),
      line: 7,
      message: /^task token-classification needs words and their tags, which plain text has none of$/,
    },
    {
      what: "a table where words and tags are needed",
      text: edited({ ...TAGGING, [FILES]: `${FILES}  format: csv\n` }),
      line: 7,
      message: /^task token-classification needs words and their tags, which the fields of CSV cannot hold$/,
    },
    {
      what: "columns of words where texts are needed",
      text: edited({ [FILES]: `${FILES}  format: conll\n` }),
      line: 7,
      message: /^task masked-lm needs whole texts; conll has a word and its tag in each line$/,
    },
    {
      what: "a format that there is not",
      text: edited({ [FILES]: `${FILES}  format: cvs\n` }),
      line: 7,
      message: /^data.format must be one of auto, jsonl, csv, tsv, text, parquet, conll; got "cvs"$/,
    },
  ]);
});

describe("where the tokens come from:", () => {
  testMistakes([
    {
      what: "nowhere",
      text: edited({ [TOKENS]: "  init: mean\n" }),
      line: 7,
      message: /^exactly one of tokens, file and pattern must be given .*; got none of them$/,
      hint: /Add `tokens:/,
    },
    {
      what: "two places",
      text: edited({ [TOKENS]: `${TOKENS}  pattern: x\n` }),
      line: 9,
      message: /got tokens, pattern$/,
    },
    {
      what: "a file that is not there",
      text: edited({ [TOKENS]: "  file: tokens.txt\n" }),
      line: 8,
      message: /^introduced_tokens.file must be a file; there is nothing at .*tokens.txt$/,
    },
    {
      what: "a pattern that is none",
      text: edited({ [TOKENS]: "  pattern: '<RX_(\\d+>'\n" }),
      line: 8,
      message: /^introduced_tokens.pattern must be a regular expression .*: Unterminated group$/,
    },
    {
      what: "a pattern that matches empty text",
      text: edited({ [TOKENS]: "  pattern: '\\d*'\n" }),
      line: 8,
      message: /^introduced_tokens.pattern must not match empty text; got "\\\\d\*"$/,
    },
    {
      what: "an initialisation that there is not",
      text: edited({ [TOKENS]: `${TOKENS}  token_init:\n    "<RX_1>": maen\n` }),
      line: 10,
      message: /^introduced_tokens.token_init.<RX_1> must be one of mean, .*, or copy: and a token .*; got "maen"$/,
    },
    {
      what: "an initialisation of a token that is not introduced",
      text: edited({ [TOKENS]: `${TOKENS}  token_init: {"<RX_3>": mean}\n` }),
      line: 9,
      message: /token_init names "<RX_3>", which introduced_tokens.tokens does not list$/,
    },
    {
      what: "initialisations of a file's tokens",
      text: edited({ [TOKENS]: '  file: train.jsonl\n  token_init: {"<RX_3>": mean}\n' }),
      line: 9,
      message: /token_init is for tokens that are listed$/,
      hint: /Give the file a column `init`/,
    },
    {
      what: "a bound on tokens that are listed",
      text: edited({ [TOKENS]: `${TOKENS}  max_tokens: 5\n` }),
      line: 9,
      message: /^introduced_tokens.max_tokens would have no effect: only a pattern/,
    },
  ]);
});
