import { expect, test } from "vitest";
import { prepareInputs } from "../../../src/trainer/data/prepare.js";
import { tokenGroupIds } from "../../../src/trainer/data/token-groups.js";
import { idOf, jsonl, tinyModel, tinySettings, WORDS } from "./tiny-model.js";

const tokenizer = { knownId: (token: string) => ({ "[CLS]": 2, "[SEP]": 3, late: 40 })[token] };

test("tokens are found by their names in the vocabulary, in their order", () => {
  expect(tokenGroupIds({ tokenGroups: { special: ["[SEP]", "[CLS]"] } }, tokenizer, 20)).toEqual([
    { name: "special", ids: [3, 2] },
  ]);
  expect(tokenGroupIds({}, tokenizer, 20)).toEqual([]);
});

test.each([
  ["that the vocabulary does not have", "<new>", /^token_groups.special: the vocabulary has no token "<new>"$/],
  [
    "that the model has no row for",
    "late",
    /^token_groups.special: the model has no row for the token "late" \(id 40\)$/,
  ],
])("a token %s is an error with its place in the list", (_, token, message) => {
  expect(() => tokenGroupIds({ tokenGroups: { special: ["[CLS]", token] } }, tokenizer, 20)).toThrow(
    expect.objectContaining({
      code: "tokens",
      key: ["token_groups", "special", 1],
      message: expect.stringMatching(message),
    }),
  );
});

test("prepared inputs have the groups' rows between the base's and the introduced tokens', and their own hash", async () => {
  const examples = [{ text: "the <new> sees zyx" }, { text: "a cat <new>" }];
  const data = { train: await jsonl(examples), validation: await jsonl(examples) };
  const settings = tinySettings(await tinyModel(), data);
  const plain = await prepareInputs(settings, 1);
  const { inputs, summary } = await prepareInputs({ ...settings, tokenGroups: { special: ["[SEP]", "[CLS]"] } }, 1);
  expect(inputs.rowMap).toMatchObject({ baseRows: WORDS.length, tokenGroups: [{ name: "special", rows: 2 }] });
  const [cls, sep] = [WORDS.length - 1, WORDS.length - 2];
  expect(inputs.data.special).toMatchObject({ cls, sep });
  expect(inputs.data.train.rows[0]).toBe(cls);
  expect(inputs.data.train.rows[1]).toBe(idOf("the") - 2);
  expect(summary.hashes.data).not.toBe(plain.summary.hashes.data);
  expect(summary.parameterCount).toBe(plain.summary.parameterCount);
});
