import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { probeEngines } from "../../src/runner/engines.js";
import { temporaryFolder } from "../store/fixture.js";

function probe(source: string): URL {
  const file = join(temporaryFolder(), "probe.mjs");
  writeFileSync(file, source);
  return pathToFileURL(file);
}

test("the engines of this machine work", async () => {
  const { onnx, simd } = await probeEngines();
  expect([onnx.works, simd.works]).toEqual([true, true]);
});

test("a library that kills its process is a fact with the signal", async () => {
  const { onnx, simd } = await probeEngines(probe("process.kill(process.pid, 'SIGILL')"));
  expect([onnx.works, simd.works]).toEqual([false, false]);
  expect(onnx.message).toContain("SIGILL");
});

test("one that hangs is ended, and one that throws tells its error", async () => {
  const { onnx } = await probeEngines(probe("setInterval(() => {}, 1000)"), 300);
  expect(onnx.message).toContain("SIGKILL, after at most 0.3 seconds");
  const thrown = await probeEngines(probe("console.error('no such library'); process.exit(3)"));
  expect(thrown.onnx.message).toContain("status 3: no such library");
});
