import { expect, test } from "vitest";
import { hubModelText, parseHubModel } from "../../src/sweep/hub-model.js";

test.each([
  ["gpt2", "gpt2", "main"],
  ["google-bert/bert-base-uncased", "google-bert/bert-base-uncased", "main"],
  ["org/name.v2@v1.0", "org/name.v2", "v1.0"],
  ["hf://org/name@refs/pr/3", "org/name", "refs/pr/3"],
])("%s is a model of the hub", (text, id, revision) => {
  expect(parseHubModel(text)).toEqual({ id, revision });
});

test.each([
  "./bert",
  "../bert",
  "/bert",
  "a/b/c",
  "models/",
  "~/bert",
  "C:\\bert",
  "hf://../x",
  "org/x@../y",
  "a b",
  "",
])("%s can only be a path", (text) => {
  expect(parseHubModel(text)).toBeUndefined();
});

test("a model's text is read as that model at that commit", () => {
  const commit = "1".repeat(40);
  expect(parseHubModel(hubModelText({ id: "org/name", revision: "main", commit }))).toEqual({
    id: "org/name",
    revision: commit,
  });
});
