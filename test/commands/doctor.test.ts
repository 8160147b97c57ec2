// `dualrate doctor` as a process, with the engines and the database as they are on this machine.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openWriter } from "../../src/store/writer.js";
import { runDualrate } from "../program.js";
import { temporaryFolder } from "../store/fixture.js";

test("a machine that works: a line a check, status 0, and nothing left behind", async () => {
  const folder = temporaryFolder();
  const { status, stdout } = await runDualrate(["doctor"], folder);
  expect(stdout).toMatch(/^ok +onnx +onnxruntime-node .* multiplies matrices$/m);
  expect(stdout).toMatch(/^ok +simd /m);
  expect(stdout).toMatch(/^ok +sqlite +SQLite .*\(wal\)$/m);
  expect(stdout).toMatch(/^ok +database +none yet/m);
  expect(stdout).toMatch(/\d+ ok, \d+ to look at, 0 that keep sweeps from running\n$/);
  expect([status, readdirSync(folder)]).toEqual([0, []]);
});

test("a whole database is checked, and stays as it is", async () => {
  const folder = temporaryFolder();
  openWriter(join(folder, "results")).close();
  const { stdout } = await runDualrate(["doctor"], folder);
  expect(stdout).toMatch(/^ok +database +whole/m);
  expect(readdirSync(join(folder, "results")).filter((name) => name.startsWith("."))).toEqual([]);
});

test("a problem is status 1 and says what to do, as JSON too", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "results"));
  writeFileSync(join(folder, "results/sweeps.db"), "no database at all, but long enough to be looked at".repeat(100));
  const { status, stdout } = await runDualrate(["doctor", "--json"], folder);
  expect(status).toBe(1);
  const found = JSON.parse(stdout);
  expect(found.find(({ name }: { name: string }) => name === "database")).toEqual({
    name: "database",
    status: "problem",
    message: expect.stringContaining("not a SQLite database"),
    hint: expect.stringContaining("--results"),
  });
});

test("a results folder that is a file is a problem, not a crash", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "results"), "");
  const { status, stdout, stderr } = await runDualrate(["doctor"], folder);
  expect([status, stderr]).toEqual([1, ""]);
  expect(stdout).toMatch(/^problem +sqlite /m);
  expect(existsSync(join(folder, "results"))).toBe(true);
});
