import { expect, test } from "vitest";
import { deriveKey } from "../../../src/random.js";
import { createMasker, type Masking } from "../../../src/trainer/data/masking.js";
import { buildRowMap } from "../../../src/trainer/data/row-map.js";
import { WORD_PART } from "../../../src/trainer/data/word-parts.js";

// Rows 0..19 are base rows (0 [PAD], 1 [CLS], 2 [SEP], 3 [MASK]), 20 and 21 introduced ones.
const rowMap = buildRowMap(20, [20, 21], "all");
const special = { pad: 0, cls: 1, sep: 2, mask: 3, neverMasked: Int32Array.of(0, 1, 2, 3) };
const text = Int32Array.of(1, 5, 6, 7, 20, 8, 9, 2);
const DRAWS = 20_000;

function drawMany(masking: Masking) {
  const mask = createMasker(masking, special, rowMap);
  return Array.from({ length: DRAWS }, (_, i) => mask(text, deriveKey(1, i)));
}

/** Within 4 standard deviations of a binomial share. */
function expectShare(count: number, total: number, share: number): void {
  expect(Math.abs(count / total - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / total));
}

test("positions are asked for with their probabilities, introduced tokens with their own, special ones never", () => {
  const draws = drawMany({ maskProbability: 0.15, introducedMaskProbability: 0.6, maskReplacement: [0.8, 0.1, 0.1] });
  const asked = (position: number) => draws.filter(({ positions }) => positions.includes(position)).length;
  for (const position of [1, 2, 3, 5, 6]) expectShare(asked(position), DRAWS, 0.15);
  expectShare(asked(4), DRAWS, 0.6);
  expect(asked(0) + asked(7)).toBe(0);
});

test("replacements have their shares, and random rows are drawn from all rows, introduced ones included", () => {
  const draws = drawMany({ maskProbability: 1, introducedMaskProbability: 1, maskReplacement: [0.5, 0.3, 0.2] });
  const seen = draws.map(({ inputRows }) => inputRows[1] ?? -1);
  const share = (row: number) => seen.filter((value) => value === row).length;
  expectShare(share(3), DRAWS, 0.5 + 0.3 / 22);
  expectShare(share(5), DRAWS, 0.2 + 0.3 / 22);
  for (const row of [0, 12, 20, 21]) expectShare(share(row), DRAWS, 0.3 / 22);
});

test("probability 1 for introduced tokens alone asks for each of them and shows [MASK] there", () => {
  const masking = { maskProbability: 0, introducedMaskProbability: 1, maskReplacement: [1, 0, 0] } as const;
  const { inputRows, positions } = createMasker(masking, special, rowMap)(text, 7);
  expect(positions).toEqual([4]);
  expect([...inputRows]).toEqual([1, 5, 6, 7, 3, 8, 9, 2]);
});

// Words of [5, 6, 7], the introduced 20, [8, 9]; 8 bears the mark of going on, but follows a whole.
const parts = new Uint8Array(22);
for (const row of [0, 1, 2, 3, 20, 21]) parts[row] = WORD_PART.whole;
for (const row of [6, 7, 8, 9]) parts[row] = WORD_PART.continues;

test("whole words: all of a word's tokens are asked for or none, each word with its probability", () => {
  const masking = { maskProbability: 0.15, introducedMaskProbability: 0.6, maskReplacement: [0.8, 0.1, 0.1] } as const;
  const mask = createMasker(masking, special, rowMap, parts);
  const draws = Array.from({ length: DRAWS }, (_, i) => mask(text, deriveKey(1, i)).positions);
  const asked = (position: number) => draws.filter((positions) => positions.includes(position)).length;
  for (const positions of draws) {
    for (const word of [
      [1, 2, 3],
      [5, 6],
    ]) {
      expect([0, word.length]).toContain(word.filter((position) => positions.includes(position)).length);
    }
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  }
  for (const position of [1, 5]) expectShare(asked(position), DRAWS, 0.15);
  expectShare(asked(4), DRAWS, 0.6);
  expect(asked(0) + asked(7)).toBe(0);
  // Words are drawn by themselves, not together.
  expectShare(draws.filter((positions) => positions.includes(1) && positions.includes(5)).length, DRAWS, 0.15 ** 2);
});

test("whole words: each token of a word is replaced by a draw of its own", () => {
  const masking = { maskProbability: 1, introducedMaskProbability: 1, maskReplacement: [0.5, 0, 0.5] } as const;
  const mask = createMasker(masking, special, rowMap, parts);
  const shown = Array.from({ length: DRAWS }, (_, i) => mask(text, deriveKey(1, i)).inputRows);
  const masked = (...positions: number[]) =>
    shown.filter((rows) => positions.every((position) => rows[position] === special.mask)).length;
  expectShare(masked(2), DRAWS, 0.5);
  expectShare(masked(1, 2, 3), DRAWS, 0.125);
});

test("the same key gives the same mask, another key another; the text itself is not written", () => {
  const masking = { maskProbability: 0.5, introducedMaskProbability: 0.5, maskReplacement: [0.8, 0.1, 0.1] } as const;
  const mask = createMasker(masking, special, rowMap);
  const before = [...text];
  expect(mask(text, 1)).toEqual(mask(text, 1));
  expect(mask(text, 1)).not.toEqual(mask(text, 2));
  expect([...text]).toEqual(before);
});

test("a tokenizer without [MASK] is an error where [MASK] has a share, and only there", () => {
  const without = { ...special, mask: undefined };
  const masking = { maskProbability: 0.1, introducedMaskProbability: 0.1 };
  expect(() => createMasker({ ...masking, maskReplacement: [0.8, 0.1, 0.1] }, without, rowMap)).toThrow(/mask_token/);
  expect(() => createMasker({ ...masking, maskReplacement: [0, 0.5, 0.5] }, without, rowMap)).not.toThrow();
});
