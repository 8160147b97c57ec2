// The example sweeps with their paths put in, as their README says: each is planned as it stands.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { TestHub } from "../hub/server.js";
import { runDualrate } from "../program.js";
import { needsShared, shared } from "../shared.js";
import { tinyModel } from "../trainer/data/tiny-model.js";

const EXAMPLES = fileURLToPath(new URL("../../sweeps/examples", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dualrate-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!shared)(needsShared("the examples plan 40 trials each of the data that their README makes"), async () => {
  symlinkSync(`${shared}/models/rxn-albert`, join(folder, "rxn-albert"));
  mkdirSync(join(folder, "classification"));
  for (const name of ["train.jsonl", "valid.jsonl"]) {
    const lines = readFileSync(`${shared}/data/reaction-classes/${name}`, "utf8");
    writeFileSync(join(folder, name), lines);
    writeFileSync(join(folder, "classification", name), lines.replaceAll(/"text": "<RX_\d+>/g, '"text": "'));
  }
  for (const file of ["reaction-classes.yaml", "classification.yaml"]) {
    writeFileSync(join(folder, file), readFileSync(join(EXAMPLES, file)));
    const { status, stdout, stderr } = await runDualrate(["plan", file, "--json"], folder);
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(JSON.parse(stdout)).toMatchObject({ planned_trials: 40, summary: { train_examples: 8000 } });
  }
});

test("the sweep of a hub's model and the one of a folder plan the same trials of the same model", async () => {
  const distilbert = fileURLToPath(new URL("../golden/tiny-distilbert", import.meta.url));
  for (const file of ["hub-model.yaml", "local-model.yaml", "nouns"]) {
    cpSync(join(EXAMPLES, file), join(folder, file), { recursive: true });
  }
  const model = await tinyModel();
  for (const file of ["config.json", "model.safetensors"]) cpSync(join(distilbert, file), join(model, file));
  cpSync(model, join(folder, "my-model"), { recursive: true });
  rmSync(model, { recursive: true });
  const files = readdirSync(join(folder, "my-model"));
  const hub = await TestHub.start(
    "distilbert/distilbert-base-uncased",
    new Map(files.map((file) => [file, readFileSync(join(folder, "my-model", file))])),
  );
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HUB_CACHE", join(folder, "cache"));
  vi.stubEnv("HF_HUB_OFFLINE", "");
  const plans = await Promise.all(
    ["hub-model", "local-model"].map(async (name) => {
      const { status, stdout, stderr } = await runDualrate(["plan", `${name}.yaml`, "--json"], folder);
      expect([status, stderr]).toEqual([0, expect.not.stringContaining("error")]);
      return { ...JSON.parse(stdout), name: "" };
    }),
  ).finally(async () => {
    vi.unstubAllEnvs();
    await hub.close();
  });
  expect(plans[0]).toEqual(plans[1]);
  expect(plans[0]).toMatchObject({ planned_trials: 12, summary: { introduced: { tokens: { length: 12 } } } });
});
