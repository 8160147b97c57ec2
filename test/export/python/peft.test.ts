import { expect, test } from "vitest";
import { toPeft } from "../../../src/export/python/peft.js";
import { classification, tagging, twin } from "./twins.js";

test("the introduced rows are trainable tokens at their own rate and schedule", () => {
  const text = toPeft(twin({ introduced_warmup_ratio: 0.1, lr_scheduler_type: "cosine" }));
  expect(text).toContain('TOKENS = ["<A>", "b: c"]');
  expect(text).toContain('"lr": 0.001,\n    "weight_decay": 0.01,\n    "schedule": "cosine",\n    "warmup_steps": 6,');
  expect(text).toContain("TrainableTokensConfig(token_indices=ids)");
  expect(text).toContain("LoraConfig(trainable_token_indices=ids, **lora)");
  expect(text).toContain("def cosine(");
});

test("it says what PEFT cannot express", () => {
  expect(toPeft(twin())).toContain("- a rate of its own for the pretrained weights (0.0001): they are frozen\n");
  const frozen = toPeft(twin({ base_freeze_ratio: 1 }, { task: "causal-lm" }));
  expect(frozen).not.toContain("a rate of its own");
  expect(frozen).toContain("- the introduced tokens' rows of the output layer, where it is not tied");
  expect(frozen).toContain('task_type="CAUSAL_LM"');
  const groups = toPeft(twin({}, { ...classification, tokenGroups: { special: ["[CLS]"] } }));
  expect(groups).toContain("- a rate for the token group special\n");
  expect(groups).toContain("- a rate of its own for a new head");
});

test("the task's type is PEFT's own", () => {
  expect(toPeft(twin({}, tagging))).toContain('task_type="TOKEN_CLS"');
  expect(toPeft(twin())).not.toContain("task_type");
});
