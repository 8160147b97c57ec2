// A short form of the real sweep: a pretrained ALBERT of chemical reactions, ten reaction classes that it has never seen.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { runDualrate } from "./program.js";
import { needsShared, shared } from "./shared.js";

const folder = mkdtempSync(join(tmpdir(), "dualrate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const sweep = {
  name: "reaction-classes",
  model: `${shared}/models/rxn-albert`,
  task: "masked-lm",
  data: {
    train: `${shared}/data/reaction-classes/train.jsonl`,
    validation: `${shared}/data/reaction-classes/valid.jsonl`,
    max_eval_samples: 40,
  },
  introduced_tokens: { tokens: Array.from({ length: 10 }, (_, i) => `<RX_${i + 1}>`) },
  trainer: {
    batch_size: 8,
    max_steps: 16,
    eval_steps: 8,
    max_length: 160,
    mask_probability: 0,
    introduced_mask_probability: 1,
    mask_replacement: [1, 0, 0],
  },
  method: "grid",
  metric: { name: "loss_introduced" },
  parameters: { base_lr: { value: 1e-4 }, lr_ratio: { values: [1, 100] } },
};

test.skipIf(!shared)(
  needsShared("a real model learns its new tokens far better at ratio 100 than at a single rate"),
  async () => {
    writeFileSync(join(folder, "sweep.yaml"), stringify(sweep));
    const ran = await runDualrate(["run", "sweep.yaml"], folder);
    expect([ran.status, ran.stderr]).toEqual([0, expect.not.stringContaining("error")]);
    const ranked = JSON.parse((await runDualrate(["rank", "--json"], folder)).stdout);
    expect(ranked.map(({ parameters }: { parameters: { lr_ratio: number } }) => parameters.lr_ratio)).toEqual([100, 1]);
    // Untrained, the loss is about 9.8 nats; ten equally likely classes would give 2.3.
    expect(ranked[0].value).toBeLessThan(3);
    expect(ranked[1].value - ranked[0].value).toBeGreaterThan(2);
  },
  180_000,
);
