import { expect, test } from "vitest";
import { constant, literal, usedModules } from "../../../src/export/python/literal.js";

test("values are Python's", () => {
  expect(literal([true, false, null, 1e-7, 'a "b" \\ \n', { "é▁": [0.1] }])).toBe(
    '[True, False, None, 1e-7, "a \\"b\\" \\\\ \\n", {"é▁": [0.1]}]',
  );
});

test("a list that is too long for a line has an item a line", () => {
  const tokens = Array.from({ length: 20 }, (_, i) => `<TOKEN_${i}>`);
  expect(constant("A", tokens.slice(0, 2))).toBe('A = ["<TOKEN_0>", "<TOKEN_1>"]');
  expect(constant("A", tokens)).toMatch(/^A = \[\n {4}"<TOKEN_0>",\n(.*\n)* {4}"<TOKEN_19>",\n\]$/);
});

test("modules are those that the code uses", () => {
  expect(usedModules("x = re.compile(core.y)\nmath.pi")).toEqual(["math", "re"]);
});
