import { expect, test } from "vitest";
import { maskedCapacity, paddedLength } from "../../../src/trainer/data/buckets.js";

test("lengths go up to the next of few, and never beyond the longest text allowed", () => {
  expect([1, 8, 9, 65, 160, 300, 513].map((length) => paddedLength(length, 1024))).toEqual([
    8, 8, 16, 96, 160, 384, 768,
  ]);
  expect(paddedLength(70, 80)).toBe(80);
});

/** Ten texts of four base tokens and one introduced token (row 5). */
const split = {
  rows: Int32Array.from({ length: 50 }, (_, i) => (i % 5 === 4 ? 5 : i % 5)),
  tokenTypes: new Uint8Array(50),
  offsets: Int32Array.from({ length: 11 }, (_, i) => 5 * i),
  labels: new Int32Array(0),
};
const probabilities = (base: number, introduced: number) => new Float64Array(6).fill(base, 1, 5).fill(introduced, 5);

test("where each text asks for its one introduced token, a batch has one slot a text", () => {
  const capacity = maskedCapacity(split, probabilities(0, 1), 5);
  expect(capacity(16, 96, 16)).toBe(16);
  expect(capacity(16, 32, 0)).toBe(16);
});

test("a shape's capacity covers the mean and four standard deviations, so that it is one for nearly all batches", () => {
  const capacity = maskedCapacity(split, probabilities(0.15, 0), 5);
  const [mean, deviation] = [0.15 * 16 * 96, Math.sqrt(0.15 * 0.85 * 16 * 96)];
  const slots = capacity(16, 96, 0);
  expect(slots).toBeGreaterThanOrEqual(mean + 4 * deviation);
  expect(slots).toBeLessThan(mean + 4 * deviation + 8);
  expect(capacity(16, 96, Math.floor(mean))).toBe(slots);
});

test("a batch with more targets takes a larger capacity: none is dropped, and none is larger than the batch", () => {
  const capacity = maskedCapacity(split, probabilities(0.1, 0.1), 5);
  for (let count = 0; count <= 4 * 32; count++) {
    expect(capacity(4, 32, count)).toBeGreaterThanOrEqual(count);
    expect(capacity(4, 32, count)).toBeLessThanOrEqual(4 * 32);
  }
  expect(capacity(1, 5, 5)).toBe(5);
});
