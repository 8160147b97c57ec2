import { expect, test } from "vitest";
import { formatOf } from "../../src/sweep/data-format.js";

test.each([
  ["train.jsonl", "jsonl"],
  ["train.csv", "csv"],
  ["TRAIN.CSV", "csv"],
  ["a.csv/train.tsv", "tsv"],
  ["train.tab", "tsv"],
  ["train.txt", "text"],
  ["train.parquet", "parquet"],
  ["train.json", "jsonl"],
  ["train", "jsonl"],
  ["train.conll", "conll"],
  ["train.bio", "conll"],
  ["train.iob", "conll"],
  ["train.IOB2", "conll"],
] as const)("%s is read as %s", (file, format) => {
  expect(formatOf(file)).toBe(format);
});

test("a given format counts more than the ending", () => {
  expect(formatOf("train.csv", "text")).toBe("text");
});
