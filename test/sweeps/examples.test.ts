// The example sweeps with their paths put in, as their README says: each is planned as it stands.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";
import { needsShared, shared } from "../shared.js";

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
