import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { calibrate } from "../../src/trainer/calibrate.js";
import { resolveConfig } from "../../src/trainer/config.js";
import { prepareInputs } from "../../src/trainer/data/prepare.js";
import { createRuntime } from "../../src/trainer/engine/runtime.js";
import { jsonl, tinyModel, tinySettings } from "./data/tiny-model.js";

const GOLDEN = fileURLToPath(new URL("../golden/tiny-bert/", import.meta.url));

async function training() {
  const model = await tinyModel();
  for (const file of ["config.json", "model.safetensors"]) copyFileSync(join(GOLDEN, file), join(model, file));
  const texts = await jsonl(
    ["the cat sees <new>", "a dog", "zyx sees a red cat", "the big zyx"].map((text) => ({ text })),
  );
  const settings = {
    ...tinySettings(model, { train: texts, validation: texts }),
    fixed: { base_lr: 1e-4, batch_size: 2 },
  };
  const { inputs } = await prepareInputs(settings, 1);
  const config = resolveConfig(settings, { lr_ratio: 10 }, { seed: 1, trainExamples: 4 });
  return { settings, config, inputs, metric: { name: "loss", goal: "minimize" } as const, studySeed: 1 };
}

test("times a step, an evaluation and compiling, and takes the most memory of any moment, beyond what was there", async () => {
  const readings = [1000, 1500, 4000, 2000];
  const found = await calibrate(await training(), createRuntime(), () => readings.shift() ?? 1200);
  expect(found.peakBytes).toBe(3000);
  expect(found.secondsPerStep).toBeGreaterThan(0);
  expect(found.secondsPerEvaluation).toBeGreaterThan(0);
  // The first use of a shape records and compiles it, which takes longer than any step of so small a model.
  expect(found.compileSeconds).toBeGreaterThan(found.secondsPerStep);
});
