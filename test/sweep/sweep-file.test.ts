import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseSweep, readSweep, sweepJsonSchema } from "../../src/sweep/sweep-file.js";
import { bigGrid, CLASSIFICATION, edited, file, folder, TAGGING, VALID } from "./fixture.js";

describe("a sweep file", () => {
  test("with the least that it needs gets every default", () => {
    expect(parseSweep(VALID, file)).toEqual({
      name: "reaction-classes",
      file,
      seed: 0,
      settings: {
        model: join(folder, "model"),
        task: "masked-lm",
        data: {
          train: join(folder, "train.jsonl"),
          validation: join(folder, "valid.jsonl"),
          text: "text",
          label: "label",
        },
        introduced: { tokens: ["<RX_1>", "<RX_2>"], special: false },
        trainer: {
          length: { maxSteps: 200 },
          evalSteps: 20,
          evalBatchSize: 32,
          maxLength: 128,
          maskProbability: 0.15,
          introducedMaskProbability: 0.15,
          maskReplacement: [0.8, 0.1, 0.1],
          dropout: true,
          groupByLength: true,
        },
        fixed: {},
      },
      method: "grid",
      metric: { name: "loss", goal: "minimize" },
      space: [
        { name: "base_lr", distribution: { kind: "constant", value: 1e-4 } },
        { name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10, 100] } },
      ],
    });
  });

  test("keeps what it says", () => {
    const sweep = parseSweep(
      edited(
        {
          "validation: valid.jsonl": "validation: valid.jsonl\n  test: valid.jsonl\n  text: t\n  max_eval_samples: 3",
          "tokens: [": "special: false\n  init: mean_resizing\n  tokens: [",
          "max_steps: 200":
            "num_train_epochs: 1.5\n  max_length: 64\n  dropout: false\n  batch_size: 8\n  weight_decay: 0",
          "eval_steps: 20":
            "eval_steps: 20\n  max_trial_minutes: 2.5\n  mask_probability: 0\n  introduced_mask_probability: 1\n  mask_replacement: [1, 0, 0]\n  whole_word_masking: true",
        },
        "seed: 3\nrun_cap: 2\nmetric: {name: loss_introduced}\n",
      ),
      file,
    );
    expect(sweep).toMatchObject({ seed: 3, runCap: 2, metric: { name: "loss_introduced", goal: "minimize" } });
    expect(sweep.settings.data).toMatchObject({ test: join(folder, "valid.jsonl"), text: "t", maxEvalSamples: 3 });
    expect(sweep.settings.fixed).toEqual({ batch_size: 8, weight_decay: 0, init: "mean_resizing" });
    expect(sweep.settings.trainer).toMatchObject({
      length: { numTrainEpochs: 1.5 },
      maxLength: 64,
      maxTrialMinutes: 2.5,
      maskProbability: 0,
      introducedMaskProbability: 1,
      maskReplacement: [1, 0, 0],
      wholeWordMasking: true,
      dropout: false,
    });
  });

  test("orders its space as the file does", () => {
    const { space } = parseSweep(
      edited({ "  base_lr: {value: 1e-4}\n": "" }, "  warmup_ratio: {value: 0}\n  base_lr: {value: 1}\n"),
      file,
    );
    expect(space.map(({ name }) => name)).toEqual(["lr_ratio", "warmup_ratio", "base_lr"]);
  });

  test.each([
    ["adamw by default", "", undefined],
    ["lion", "  optim: {value: lion}\n", undefined],
    ["adamw and lion", "  optim: {values: [adamw, lion]}\n", undefined],
    ["sgd", "  optim: {value: sgd}\n", true],
    ["adam among others", "  optim: {values: [adamw, adam]}\n", true],
  ])("keeps all rows where some optimizer does more than decay unused ones: %s", (_, parameters, keepAllRows) => {
    const { settings } = parseSweep(edited(CLASSIFICATION, parameters), file);
    expect(settings.keepAllRows).toBe(keepAllRows);
  });

  test("keeps all rows where they are updated lazily", () => {
    const withRows = (rows: string) =>
      parseSweep(edited({ ...CLASSIFICATION, "max_steps: 200": `max_steps: 200\n  row_updates: ${rows}` }), file);
    expect(withRows("lazy").settings).toMatchObject({ keepAllRows: true, trainer: { rowUpdates: "lazy" } });
    expect(withRows("dense")).toEqual(parseSweep(edited(CLASSIFICATION), file));
  });

  test("maximizes the F1 of token-classification", () => {
    expect(parseSweep(edited(TAGGING, "metric: {name: f1}\n"), file).metric).toEqual({ name: "f1", goal: "maximize" });
  });

  test("maximizes accuracy unless told otherwise", () => {
    expect(parseSweep(`${VALID}metric: {name: accuracy}\n`, file).metric).toEqual({
      name: "accuracy",
      goal: "maximize",
    });
  });

  test("masks introduced tokens as often as others where only mask_probability is given", () => {
    const { trainer } = parseSweep(
      edited({ "eval_steps: 20": "eval_steps: 20\n  mask_probability: 0.4" }),
      file,
    ).settings;
    expect(trainer).toMatchObject({ maskProbability: 0.4, introducedMaskProbability: 0.4 });
  });

  test("tells where an exported configuration came from, apart from its settings", () => {
    const from = { study: "s", trial: 4, metric: "loss", value: 1.25, step: 60 };
    const sweep = parseSweep(`${VALID}exported_from: ${JSON.stringify(from)}\n`, file);
    expect(sweep.exportedFrom).toEqual(from);
    expect(sweep.settings).toEqual(parseSweep(VALID, file).settings);
  });

  test("may start with a byte order mark, have CRLF line ends, comments and anchors", () => {
    const text = `\uFEFF${edited({ "{values: [1, 10, 100]}": "&ratios {values: [1, 10, 100]} # tried before" })}`;
    expect(parseSweep(text.replaceAll("\n", "\r\n"), file)).toEqual(parseSweep(VALID, file));
  });

  test("takes W&B's distribution names for what it supports", () => {
    const named = edited({
      "{value: 1e-4}": "{distribution: constant, value: 1e-4}",
      "{values": "{distribution: categorical, values",
    });
    expect(parseSweep(named, file)).toEqual(parseSweep(VALID, file));
  });

  test("may leave the start factor below 1 where there is always a warmup", () => {
    const more = "  introduced_warmup_ratio: {values: [0.1, 0.2]}\n  introduced_start_factor: {values: [0, 0.5]}\n";
    expect(parseSweep(VALID + more, file).space).toHaveLength(4);
  });
});

test("a large grid is fine where run_cap cuts it", () => {
  expect(parseSweep(edited({}, `${bigGrid(1001)}run_cap: 10\n`), file).runCap).toBe(10);
});

describe("readSweep", () => {
  test("reads what parseSweep would", () => {
    writeFileSync(file, VALID);
    expect(readSweep(file)).toEqual(parseSweep(VALID, file));
  });

  test("says what is wrong with a file that cannot be read", () => {
    expect(() => readSweep(join(folder, "none.yaml"))).toThrow(/cannot be read: there is no such file/);
    expect(() => readSweep(folder)).toThrow(/cannot be read: it is a folder/);
  });
});

test("sweeps/sweep.schema.json is the schema of this version (else: npx dualrate schema > sweeps/sweep.schema.json && npm run format)", () => {
  const stored = readFileSync(new URL("../../sweeps/sweep.schema.json", import.meta.url), "utf8");
  expect(JSON.parse(stored)).toEqual(sweepJsonSchema());
});
