import { expect, test } from "vitest";
import { introducedBias, introducedRows } from "../../src/trainer/introduce.js";

const embedding = { name: "e", shape: [4, 2], data: Float32Array.of(1, 2, 3, 6, 5, 4, -1, 8) };
const bias = { name: "b", shape: [4], data: Float32Array.of(-4, -8, -2, 2) };
const token = (subwordIds: readonly number[]) => ({ token: "<new>", id: 4, row: 4, subwordIds });
const options = { seed: 1, initializerRange: 0.02 };

test("mean rows are the mean of the checkpoint's rows", () => {
  expect([...introducedRows(embedding, [token([]), token([])], "mean", options)]).toEqual([2, 5, 2, 5]);
});

test("sub-word rows are the mean of the token's own sub-words, repeated ones counted twice", () => {
  expect([...introducedRows(embedding, [token([0, 2]), token([3, 3, 1])], "subword_mean", options)]).toEqual([
    3,
    3,
    Math.fround(1 / 3),
    Math.fround(22 / 3),
  ]);
});

test("random rows are normal with the initializer range, and each token's row is its own", () => {
  const rows = introducedRows(embedding, new Array(20_000).fill(token([])), "random", options);
  const mean = rows.reduce((a, b) => a + b) / rows.length;
  const deviation = Math.sqrt(rows.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows.length);
  expect(Math.abs(mean)).toBeLessThan((4 * 0.02) / Math.sqrt(rows.length));
  expect(deviation / 0.02).toBeCloseTo(1, 1);
  expect([rows[0], rows[1]]).not.toEqual([rows[2], rows[3]]);
});

// Hugging Face transformers draws from MultivariateNormal(mean, 1e-9 * centered' centered / V).
test("mean_resizing rows have the rows' mean and 1e-9 of their covariance", () => {
  const draws = 20_000;
  // Large values around 0, so that a deviation of about 3e-5 of them survives float32.
  const wide = { name: "e", shape: [4, 2], data: Float32Array.of(-3e4, 1e4, 1e4, 1e4, 3e4, -3e4, -1e4, 1e4) };
  const rows = introducedRows(wide, new Array(draws).fill(token([])), "mean_resizing", options);
  const moment = (f: (x: number, y: number) => number) => {
    let sum = 0;
    for (let i = 0; i < draws; i++) sum += f(rows[2 * i] ?? 0, rows[2 * i + 1] ?? 0);
    return sum / draws;
  };
  // Column means are 0; covariances are sums of products over 4, times 1e-9.
  expect(moment((x) => x)).toBeCloseTo(0, 1);
  expect(moment((_, y) => y)).toBeCloseTo(0, 1);
  expect(moment((x) => x * x) / 0.5).toBeCloseTo(1, 1);
  expect(moment((_, y) => y * y) / 0.3).toBeCloseTo(1, 1);
  expect(moment((x, y) => x * y) / -0.3).toBeCloseTo(1, 1);
});

test("rows depend on the seed alone", () => {
  const draw = (seed: number) => introducedRows(embedding, [token([])], "random", { ...options, seed });
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test.each([
  ["mean", -3],
  ["min", -8],
  ["zero", 0],
  ["subword_mean", -6],
] as const)("bias %s of a token of sub-words 0 and 1 is %d", (init, expected) => {
  expect([...introducedBias(bias, [token([0, 1])], init)]).toEqual([expected]);
});

test("a token's own initialisation comes before the trial's, whatever the others are", () => {
  const own = [
    token([]),
    { ...token([0, 2]), init: "subword_mean" } as const,
    { ...token([]), init: { copyOf: 3 } },
    { ...token([]), init: "random" } as const,
  ];
  const rows = introducedRows(embedding, own, "mean", options);
  expect([...rows.slice(0, 6)]).toEqual([2, 5, 3, 3, -1, 8]);
  const random = introducedRows(
    embedding,
    own.slice(0, 4).map(() => token([])),
    "random",
    options,
  );
  expect(rows.slice(6)).toEqual(random.slice(6));
  const means = introducedRows(embedding, [{ ...token([]), init: "mean" }], "random", options);
  expect([...means]).toEqual([2, 5]);
});

test("a copy of an id beyond the model's rows is an error that names the token", () => {
  const beyond = { ...token([]), init: { copyOf: 4 } };
  expect(() => introducedRows(embedding, [beyond], "mean", options)).toThrow(
    /"<new>" cannot .* copy of id 4.* has 4 rows/,
  );
});

test("a token without sub-words in the checkpoint is an error that names it", () => {
  for (const subwordIds of [[], [1, 9]]) {
    expect(() => introducedRows(embedding, [token(subwordIds)], "subword_mean", options)).toThrow(
      /"<new>" has no sub-w/,
    );
    expect(() => introducedBias(bias, [token(subwordIds)], "subword_mean")).toThrow(/"<new>" has no sub-words/);
  }
});
