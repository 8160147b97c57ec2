import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTokenizer } from "../../../src/trainer/data/tokenizer.js";
import { needsShared, shared } from "../../shared.js";
import { idOf, tinyModel, WORDS } from "./tiny-model.js";

const plain = (...tokens: string[]) => ({ tokens, special: false });
const ids = (text: string) => text.split(" ").map(idOf);

test("introduced tokens get the ids after the largest and stay whole, upper case and neighbours aside", async () => {
  const tokenizer = await loadTokenizer(await tinyModel(), plain("<New>", "zyx"));
  const [first, second] = [WORDS.length, WORDS.length + 1];
  expect(tokenizer.introduced.map(({ id }) => id)).toEqual([first, second]);
  const { ids: encoded, truncated } = tokenizer.encode("the <New>cat zyx <NEW> dog", 32);
  expect(encoded).toEqual([2, idOf("the"), first, idOf("cat"), second, first, idOf("dog"), 3]);
  expect(truncated).toBe(false);
});

test("an introduced token knows what the tokenizer made of it before", async () => {
  const tokenizer = await loadTokenizer(await tinyModel(), plain("xyz", "<q>"));
  expect(tokenizer.introduced[0]?.subwordIds).toEqual(ids("x ##y ##z"));
  expect(tokenizer.introduced[1]?.subwordIds).toEqual(ids("[UNK] [UNK] [UNK]"));
});

test("special introduced tokens are matched in the text as it stands, before it is normalized", async () => {
  const tokenizer = await loadTokenizer(await tinyModel(), { tokens: ["<NEW>", "Cat"], special: true });
  const id = WORDS.length;
  expect(tokenizer.encode("cat Cat", 32).ids).toEqual([2, idOf("cat"), id + 1, 3]);
  expect(tokenizer.encode("<NEW>", 32).ids).toEqual([2, id, 3]);
  expect(tokenizer.encode("<new>", 32).ids).not.toContain(id);
});

test("a plain introduced token is matched inside of words too, as Hugging Face's add_tokens does by default", async () => {
  const tokenizer = await loadTokenizer(await tinyModel(), plain("ellu"));
  expect(tokenizer.encode("cellular", 32).ids).toContain(WORDS.length);
});

test("single_word of the tokenizer's own added tokens holds: cell does not split cellular", async () => {
  const cell = { id: WORDS.length, content: "red cell", single_word: true };
  const tokenizer = await loadTokenizer(await tinyModel({ addedTokens: [cell] }), plain("<new>"));
  const encode = (text: string) => tokenizer.encode(text, 32).ids.slice(1, -1);
  expect(encode("the red cell sees")).toEqual([idOf("the"), cell.id, idOf("sees")]);
  expect(encode("red cell")).toEqual([cell.id]);
  expect(encode("red cellular")).toEqual(ids("red cell ##ular"));
  expect(encode("a red cells")).toEqual(ids("a red cell ##s"));
  expect(encode("red cell<new>red cell")).toEqual([cell.id, WORDS.length + 1, cell.id]);
});

test("a longer text loses its end and keeps [SEP]", async () => {
  const tokenizer = await loadTokenizer(await tinyModel(), plain("<new>"));
  expect(tokenizer.specialsPerText).toBe(2);
  const encoded = tokenizer.encode("the cat sees a <new> dog", 5);
  expect(encoded).toEqual({ ids: ids("[CLS] the cat sees [SEP]"), tokenTypes: [0, 0, 0, 0, 0], truncated: true });
  expect(tokenizer.encode("the cat sees", 5).truncated).toBe(false);
});

test("special ids come from the tokenizer's configuration, also where a token is an object", async () => {
  const folder = await tinyModel({ tokenizerConfig: { mask_token: { __type: "AddedToken", content: "[MASK]" } } });
  const { special } = await loadTokenizer(folder, plain("<new>"));
  expect(special).toEqual({ pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 });
});

test("special ids are found by their usual names where the configuration names none, as in older folders", async () => {
  const names = ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"];
  const folder = await tinyModel({ tokenizerConfig: Object.fromEntries(names.map((name) => [name, undefined])) });
  const { special } = await loadTokenizer(folder, plain("<new>"));
  expect(special).toEqual({ pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 });
});

test.each([
  ["a token of the vocabulary", ["cat"], /already has the introduced token "cat" \(id 6\)/],
  ["a token that is one of the vocabulary in lower case", ["Cat"], /already has .*"Cat" as "cat"/],
  ["an added token", ["[MASK]"], /already has the introduced token "\[MASK\]"/],
  ["the same token twice", ["<a>", "<a>"], /"<a>" is listed twice/],
  ["two tokens that are one in lower case", ["<a>", "<A>"], /"<a>" and "<A>" as the same text/],
  ["an empty token", ["<a>", ""], /must not be empty or blank; got ""/],
  ["a blank token", [" "], /must not be empty or blank/],
  ["no token", [], /at least one token/],
  ["a token around a special one", ["<[MASK]>"], /splits the introduced token "<\[MASK\]>"/],
])("%s is an error that names it", async (_, tokens, message) => {
  await expect(loadTokenizer(await tinyModel(), plain(...tokens))).rejects.toMatchObject({
    code: "tokens",
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/\w/),
  });
});

test("a tokenizer without files is an error of code model", async () => {
  const absent = join(await tinyModel(), "absent");
  await expect(loadTokenizer(absent, plain("<new>"))).rejects.toMatchObject({ code: "model" });
});

interface Golden {
  readonly cases: readonly { readonly text: string; readonly input_ids: readonly number[] }[];
  readonly unmatched_text_cases: Golden["cases"];
}

// Reference: rxnmapper's regex and vocab.txt in Python; see ../shared/golden/README.md.
test.skipIf(!shared)(needsShared("the real tokenizer gives the reference's ids"), async () => {
  const file = join(shared ?? "", "golden/rxn-albert-tokenizer.json");
  const golden = JSON.parse(await readFile(file, "utf8")) as Golden;
  // Any token that occurs in no text: the reference knows none.
  const tokenizer = await loadTokenizer(join(shared ?? "", "models/rxn-albert"), plain("<absent>"));
  for (const { text, input_ids } of [...golden.cases, ...golden.unmatched_text_cases]) {
    expect(tokenizer.encode(text, 512).ids, text).toEqual(input_ids);
  }
});
