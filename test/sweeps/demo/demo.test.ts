// The embedded demo, run as a user would: the outcome that its README claims.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { runDualrate } from "../../program.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const results = mkdtempSync(join(tmpdir(), "dualrate-"));
afterAll(() => rmSync(results, { recursive: true }));

interface Ratio {
  readonly ratio: number;
  readonly best: number;
}

test("a ratio well away from 1 is best, and both ends of the range are worse", async () => {
  const ran = await runDualrate(["run", "sweeps/demo/sweep.yaml", "--results", results], ROOT);
  expect(ran.status).toBe(0);
  const compared = JSON.parse((await runDualrate(["compare", "--json", "--results", results], ROOT)).stdout);
  const best = compared.ratios.find(({ ratio }: Ratio) => ratio === compared.best_ratio).best;
  const at = (ratio: number) => compared.ratios.find((other: Ratio) => other.ratio === ratio).best - best;
  expect([10, 30, 100]).toContain(compared.best_ratio);
  for (const ratio of [0.1, 1, 1000]) expect(at(ratio)).toBeGreaterThan(0.3);
  for (const ratio of [3, 300]) expect(at(ratio)).toBeGreaterThan(0.1);
}, 180_000);
