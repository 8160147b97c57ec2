import { expect, test } from "vitest";
import { compareNaturally } from "../../../src/trainer/data/natural-order.js";

test("numbers are compared as numbers, and strings that collate alike have one order", () => {
  const sorted = ["<RX_1>", "<RX_02>", "<RX_2>", "<RX_10>"];
  expect([...sorted].reverse().sort(compareNaturally)).toEqual(sorted);
});
