// test/golden/check_formats.py loads such files with huggingface_hub and transformers.
import { expect, test } from "vitest";
import { parse } from "yaml";
import { cardFiles } from "../../src/export/model-card.js";
import type { StudyRecord } from "../../src/store/records.js";
import type { CompleteTrial } from "../../src/sweep/trial.js";
import { resolveConfig } from "../../src/trainer/config.js";
import { complete, measured, settings, study } from "../report/trials.js";

const trial = complete(4, 10, 2.5, { warmup_ratio: 0.1 }) as CompleteTrial;
const measurements = [measured(20, 3, 2.75), measured(40, 2.25, 2.5), measured(60, 2, 2.6)];

function filesOf(record: StudyRecord) {
  const config = resolveConfig(settings, trial.parameters, { seed: 7, trainExamples: 2000 });
  return cardFiles({ study: record, trial, config, measurements }) as {
    "README.md": string;
    "trainer_state.json": string;
  };
}

test("the card tells the hub the task and the results, and people the rates", () => {
  const card = filesOf(study)["README.md"];
  const [, metadata, text] = card.split(/^---\n/m) as [string, string, string];
  expect(parse(metadata)).toMatchObject({
    pipeline_tag: "fill-mask",
    "model-index": [
      {
        name: "letters-trial-4",
        results: [{ metrics: expect.arrayContaining([{ type: "loss", name: "validation loss", value: 2.5 }]) }],
      },
    ],
  });
  // A folder's path means nothing to others.
  expect(card).not.toContain("/models/tiny");
  expect(parse(metadata)).not.toHaveProperty("base_model");
  expect(text).toContain("| introduced | 1.0e-3 | linear | 6 | 0.01 |");
  expect(text).toContain("`<A>` `b: c`");
  expect(text).not.toContain("| head |");
});

test("a model of the hub is named as the base model", () => {
  const hub = { id: "google-bert/bert-base-uncased", revision: "main", commit: "a".repeat(40) };
  const record = { ...study, sweep: { ...study.sweep, settings: { ...settings, hub } } };
  const card = filesOf(record as StudyRecord)["README.md"];
  expect(card).toContain("base_model: google-bert/bert-base-uncased");
  expect(card).toContain("[google-bert/bert-base-uncased](https://huggingface.co/google-bert/bert-base-uncased)");
});

test("trainer_state.json has every measurement as the Trainer logs it, and the best one", () => {
  const state = JSON.parse(filesOf(study)["trainer_state.json"]);
  expect(state).toMatchObject({ best_metric: 2.5, best_global_step: 40, global_step: 40, max_steps: 60 });
  expect(state.trial_params).toMatchObject({ lr_ratio: 10, base_lr: 1e-4, warmup_ratio: 0.1 });
  expect(state.log_history).toHaveLength(6);
  expect(state.log_history.slice(2, 4)).toEqual([
    expect.objectContaining({ step: 40, epoch: 0.32, loss: 2.25, learning_rate: 1e-4, grad_norm_introduced: 0.5 }),
    { step: 40, epoch: 0.32, eval_loss: 2.5, eval_loss_base: 2.5, eval_accuracy: 0.5 },
  ]);
});
