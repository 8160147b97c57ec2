import { describe } from "vitest";
import { edited, testMistakes } from "./fixture.js";

describe("YAML is refused, with its line, for", () => {
  testMistakes([
    {
      what: "the same key twice",
      text: edited({}, "name: again\n"),
      line: 16,
      message: /^name is given twice$/,
    },
    {
      what: "a custom tag",
      text: edited({ "model: model": "model: !include model" }),
      line: 2,
      message: /not valid YAML: .*tag/i,
      hint: /Leave the !tag out/,
    },
    {
      what: "broken YAML",
      text: edited({ "[1, 10, 100]}": "[1, 10, 100" }),
      line: 16,
      message: /not valid YAML/,
    },
    {
      what: "an alias without its anchor",
      text: edited({ "model: model": "model: *folder" }),
      line: 2,
      message: /alias/i,
    },
    {
      what: "a second document",
      text: edited({}, "---\nname: other\n"),
      line: 16,
      message: /not valid YAML: .*multiple documents/i,
    },
    {
      what: "tabs as indentation",
      text: edited({ "  max_steps": "\tmax_steps" }),
      line: 10,
      message: /not valid YAML: .*tab/i,
      hint: /spaces/,
    },
    {
      what: "aliases that multiply",
      text: edited({}, `a: &a [1, 1]\n${multiplying(16)}`),
      line: 31,
      message: /aliases/,
      hint: /Write .* out/,
    },
  ]);
});

/** Lists of lists, each of the one before twice. */
function multiplying(levels: number): string {
  const names = Array.from({ length: levels }, (_, i) => String.fromCharCode(97 + i));
  return names
    .slice(1)
    .map((name, i) => `${name}: &${name} [*${names[i]}, *${names[i]}]\n`)
    .join("");
}
