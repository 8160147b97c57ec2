import { expect, test } from "vitest";
import { splitOf, splitSource } from "../../../src/trainer/data/splits.js";
import { tinySettings } from "./tiny-model.js";

const SHARES = { validation: 0.1, test: 0.05, seed: 0 };
const texts = Array.from({ length: 20_000 }, (_, i) => `text ${i}`);

function sharesOf(split: typeof SHARES): Readonly<Record<string, number>> {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const text of texts) counts[splitOf(text, split)] += 1 / texts.length;
  return counts;
}

test("the shares are as asked for", () => {
  const shares = sharesOf(SHARES);
  // Four standard deviations of a binomial share: 4 sqrt(0.1 * 0.9 / 20000) = 0.008.
  expect(Math.abs((shares.validation ?? 0) - 0.1)).toBeLessThan(0.008);
  expect(Math.abs((shares.test ?? 0) - 0.05)).toBeLessThan(0.008);
});

test("a split never changes, and equal texts share it, white space around them aside", () => {
  // Worked out with Python's hashlib: the first six bytes of sha256("0\ntext N") over 2^48, below 0.1 and 0.15.
  const letters = { train: ".", validation: "v", test: "t" };
  const drawn = texts.slice(0, 40).map((text) => letters[splitOf(text, SHARES)]);
  expect(drawn.join("")).toBe("t............t...t.......v.vv...t.....v.");
  for (const text of texts.slice(0, 100)) expect(splitOf(` ${text}\r`, SHARES)).toBe(splitOf(text, SHARES));
});

test("another seed is another split, and a larger share of validation takes only from training", () => {
  const changed = texts.filter((text) => splitOf(text, SHARES) !== splitOf(text, { ...SHARES, seed: 1 }));
  expect(changed.length / texts.length).toBeGreaterThan(0.2);
  const small = { validation: 0.1, seed: 0 };
  const moved = texts.filter(
    (text) => splitOf(text, small) === "validation" && splitOf(text, { ...small, validation: 0.2 }) !== "validation",
  );
  expect(moved).toEqual([]);
});

test("a split's source has its file, its format and its bound", () => {
  const settings = tinySettings("model", { train: "a.csv", validation: "b.txt" });
  expect(splitSource(settings, "train")).toEqual({
    file: "a.csv",
    fields: { text: "text", format: "csv" },
    limit: undefined,
  });
  expect(splitSource(settings, "validation")).toMatchObject({ file: "b.txt", fields: { format: "text" } });
  expect(splitSource(settings, "test")).toBeUndefined();
});
