import { describe, expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { CLASSIFICATION, edited, file, testMistakes } from "./fixture.js";

const GROUPS = 'token_groups:\n  special: ["[CLS]", "[SEP]"]\n  digits: ["1", "2"]\n';

test("token groups are settings, and their parameters are searched as all others are", () => {
  const more = "  special_lr_ratio: {values: [0, 1, 10]}\n  digits_warmup_ratio: {value: 0.1}\n";
  const { settings, space } = parseSweep(edited({}, more + GROUPS), file);
  expect(settings.tokenGroups).toEqual({ special: ["[CLS]", "[SEP]"], digits: ["1", "2"] });
  expect(space.slice(2)).toEqual([
    { name: "special_lr_ratio", distribution: { kind: "categorical", values: [0, 1, 10] } },
    { name: "digits_warmup_ratio", distribution: { kind: "constant", value: 0.1 } },
  ]);
});

test("a sweep without token groups has none in its settings, as those of earlier versions", () => {
  expect(parseSweep(edited({}), file).settings).not.toHaveProperty("tokenGroups");
});

test("a group may have no parameter of its own", () => {
  expect(parseSweep(edited({}, GROUPS), file).space).toHaveLength(2);
});

describe("a mistake in token groups is named, with its line:", () => {
  testMistakes([
    {
      what: "a list without tokens",
      text: edited({}, "token_groups:\n  special: []\n"),
      line: 17,
      message: /^token_groups.special must be a list of at least 1 entry; got \[\]$/,
    },
    {
      what: "a token in two groups",
      text: edited({}, 'token_groups:\n  special: ["[CLS]"]\n  other:\n    - "1"\n    - "[CLS]"\n'),
      line: 20,
      message: /^token_groups.other\[1\]: "\[CLS\]" is in token_groups.special too; a token has one learning rate$/,
    },
    {
      what: "a token twice in a group",
      text: edited({}, 'token_groups:\n  special: ["[CLS]", "[CLS]"]\n'),
      line: 17,
      message: /^token_groups.special has "\[CLS\]" twice/,
    },
    {
      what: "an introduced token",
      text: edited({}, 'token_groups:\n  special: ["<RX_1>"]\n'),
      line: 17,
      message: /^token_groups.special\[0\]: "<RX_1>" is an introduced token/,
    },
    {
      what: "the name of a group that there always is",
      text: edited({}, 'token_groups:\n  base: ["[CLS]"]\n'),
      line: 17,
      message: /^token_groups.base: base is a parameter group already$/,
    },
    {
      what: "a name that makes another parameter's",
      text: edited({}, 'token_groups:\n  min: ["[CLS]"]\n'),
      line: 17,
      message: /^token_groups.min: min would take the name of the parameter min_lr_ratio$/,
    },
    {
      what: "a name with capitals",
      text: edited({}, 'token_groups:\n  Special: ["[CLS]"]\n'),
      line: 17,
      message: /lower-case letters, digits and underscores, a letter first; got "Special"$/,
    },
    {
      what: "a parameter of a group that there is not",
      text: edited({}, `  markers_lr_ratio: {value: 2}\n${GROUPS}`),
      line: 16,
      message: /^markers_lr_ratio is not a known key under parameters$/,
      hint: /^token_groups has no group markers: its groups are special, digits\.$/,
    },
    {
      what: "a parameter of a group in a sweep without groups",
      text: edited({}, "  markers_lr_ratio: {value: 2}\n"),
      line: 16,
      message: /^markers_lr_ratio is not a known key under parameters$/,
      hint: /^token_groups has no group markers: there are none\.$/,
    },
    {
      what: "a slip of the pen in a group's parameter",
      text: edited({}, `  speciall_lr_ratio: {value: 2}\n${GROUPS}`),
      line: 16,
      message: /^speciall_lr_ratio is not a known key/,
      hint: /Did you mean `special_lr_ratio`/,
    },
    {
      what: "a group's parameter under trainer",
      text: edited({ "max_steps: 200": "max_steps: 200\n  special_lr_ratio: 2" }, GROUPS),
      line: 11,
      message: /^special_lr_ratio is not a known key under trainer$/,
      hint: /belongs under `parameters:`/,
    },
    {
      what: "a value that the parameter must not have",
      text: edited({}, `  special_warmup_ratio: {value: 2}\n${GROUPS}`),
      line: 16,
      message: /^parameters.special_warmup_ratio.value must be less than 1; got 2$/,
    },
    {
      what: "a ramp without a warmup",
      text: edited({}, `  special_start_factor: {value: 0.1}\n${GROUPS}`),
      line: 16,
      message:
        /^parameters.special_start_factor below 1 needs a warmup to rise over, but special_warmup_ratio may be 0$/,
    },
    {
      what: "a delay that leaves no room for the warmup",
      text: edited(CLASSIFICATION, "  head_delay_ratio: {value: 0.5}\n  head_warmup_ratio: {value: 0.5}\n"),
      line: 16,
      message: /^head_delay_ratio \(up to 0.5\) and head_warmup_ratio \(up to 0.5\) must sum to less than 1/,
    },
    {
      what: "a polynomial that would raise a group's rate",
      text: edited(
        {},
        `  special_lr_ratio: {values: [0, 0.1]}\n  lr_end: {value: 2e-5}\n  special_lr_scheduler_type: {value: polynomial}\n${GROUPS}`,
      ),
      line: 17,
      message: /^polynomial's lr_end \(up to 0.00002\) must be less than every learning rate; the lowest is 0.00001/,
    },
    {
      what: "a schedule of a head that the task does not have",
      text: edited({}, "  head_warmup_ratio: {value: 0.5}\n"),
      line: 16,
      message: /^parameters.head_warmup_ratio would have no effect: masked-lm has no new task head$/,
    },
    {
      what: "a way of clipping where nothing is clipped",
      text: edited({ "max_steps: 200": "max_steps: 200\n  max_grad_norm: 0" }, "  grad_clipping: {value: per_group}\n"),
      line: 17,
      message: /^parameters.grad_clipping would have no effect: max_grad_norm is 0/,
    },
  ]);
});
