import { expect, test } from "vitest";
import { buildRowMap } from "../../../src/trainer/data/row-map.js";

const plain = (map: ReturnType<typeof buildRowMap>) => ({
  ...map,
  rowOfId: [...map.rowOfId],
  idOfRow: [...map.idOfRow],
});

test("all rows are kept and the introduced ones follow", () => {
  expect(plain(buildRowMap(4, [4, 5], "all"))).toEqual({
    rowOfId: [0, 1, 2, 3, 4, 5],
    idOfRow: [0, 1, 2, 3, 4, 5],
    baseRows: 4,
    tokenGroups: [],
    introducedRows: 2,
  });
});

test("an introduced id below vocab_size takes its row out of the base rows", () => {
  expect(plain(buildRowMap(6, [3, 4], "all"))).toEqual({
    rowOfId: [0, 1, 2, 4, 5, 3],
    idOfRow: [0, 1, 2, 5, 3, 4],
    baseRows: 4,
    tokenGroups: [],
    introducedRows: 2,
  });
});

test("compaction keeps the used ids alone, in their order, and every introduced one", () => {
  expect(plain(buildRowMap(5, [5, 6], new Set([3, 0])))).toEqual({
    rowOfId: [0, -1, -1, 1, -1, 2, 3],
    idOfRow: [0, 3, 5, 6],
    baseRows: 2,
    tokenGroups: [],
    introducedRows: 2,
  });
});

test("ids between vocab_size and the introduced ones have no row", () => {
  const map = buildRowMap(3, [5], "all");
  expect([...map.rowOfId]).toEqual([0, 1, 2, -1, -1, 3]);
});

test("token groups take their rows out of the base rows and lie behind them, used by a text or not", () => {
  const groups = [
    { name: "special", ids: [3, 1] },
    { name: "digits", ids: [4] },
  ];
  expect(plain(buildRowMap(6, [6], new Set([0, 1, 5]), groups))).toEqual({
    rowOfId: [0, 3, -1, 2, 4, 1, 5],
    idOfRow: [0, 5, 3, 1, 4, 6],
    baseRows: 5,
    tokenGroups: [
      { name: "special", rows: 2 },
      { name: "digits", rows: 1 },
    ],
    introducedRows: 1,
  });
});

test("the map lies over shared memory", () => {
  const map = buildRowMap(3, [3], "all");
  expect(map.rowOfId.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(map.idOfRow.buffer).toBeInstanceOf(SharedArrayBuffer);
});
