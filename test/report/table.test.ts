import { expect, test } from "vitest";
import { csv, textTable } from "../../src/report/table.js";

test("columns are as wide as their widest cell, words left and numbers right, nothing trailing", () => {
  const lines = textTable(
    [
      { title: "name", cell: ([name]: readonly string[]) => name ?? "", align: "left" },
      { title: "n", cell: ([, n]) => n ?? "" },
      { title: "", cell: ([, , note]) => note ?? "", align: "left" },
    ],
    [
      ["a", "1000", "two\nlines"],
      ["längste", "5", ""],
    ],
  );
  expect(lines).toEqual(["name        n", "a        1000  two lines", "längste     5"]);
});

test("CSV quotes separators, quotes and line ends, and leaves null empty", () => {
  expect(
    csv(
      ["a", "b"],
      [
        ["x,y", 'say "hi"'],
        [null, "1\n2"],
        [0.1, true],
      ],
    ),
  ).toBe('a,b\n"x,y","say ""hi"""\n,"1\n2"\n0.1,true');
});
