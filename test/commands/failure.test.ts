import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { expect, onTestFinished, test, vi } from "vitest";
import { exitStatusOf, failureLines } from "../../src/commands/failure.js";
import { DualrateError } from "../../src/errors.js";
import { temporaryFolder } from "../store/fixture.js";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

test("an expected failure is its message, its place and its hint, without a stack", () => {
  const error = new DualrateError("sweep-file", "expected 1; got 2", {
    place: { file: "a.yaml", line: 3 },
    hint: "Write 1.",
  });
  expect(failureLines(error)).toEqual(["error: expected 1; got 2", "  at a.yaml:3", "  hint: Write 1."]);
  expect(failureLines(new DualrateError("data", "empty", { place: { file: "a.jsonl" } }))).toEqual([
    "error: empty",
    "  at a.jsonl",
  ]);
});

test.each([
  [new TypeError("x is not a function"), "error: TypeError: x is not a function"],
  [new DualrateError("internal", "a broken assumption"), "error: a broken assumption"],
  [
    new DualrateError("internal", "RangeError: from a worker\n    at f (/a/b.js:1:2)"),
    "error: RangeError: from a worker",
  ],
])("a fault of our own is one line, and a log that has its stack: %s", (error, line) => {
  const results = temporaryFolder();
  const file = join(results, "errors.log");
  expect(failureLines(error, results)).toEqual([
    line,
    `  hint: This is a fault of dualrate's own; please report it with its stack, which is at the end of ${file}`,
  ]);
  expect(readFileSync(file, "utf8")).toContain(error.message);
  expect(readFileSync(file, "utf8")).toMatch(/at .*(failure\.test\.ts|b\.js):\d+/);
});

test("where no log can be written the stack is shown", () => {
  vi.stubEnv("TMPDIR", "/nowhere");
  onTestFinished(() => void vi.unstubAllEnvs());
  const text = failureLines(new TypeError("x is not a function")).join("\n");
  expect(text).toMatch(/^error: TypeError: x is not a function\n.*at .*failure\.test\.ts:\d+/);
  expect(text).toContain("report it with the lines above");
});

// The program's process alone throws, not its threads.
const boom = "new TypeError('boom '+process.env.HF_TOKEN)";
const isStarted = "process.listenerCount('uncaughtException')>0";
test.each([
  ["that nobody waits for", `setInterval(()=>{if(${isStarted})throw ${boom}})`],
  ["of a command", `Object.defineProperty(process.stdout,'write',{value:()=>{throw ${boom}}})`],
])("an unexpected error %s ends the program with a line, a log and status 1", (_, throwing) => {
  const folder = temporaryFolder();
  const script = `import{isMainThread}from"node:worker_threads";isMainThread&&${throwing}`;
  const env = { ...process.env, HF_TOKEN: "hf_secretsecret", TMPDIR: folder };
  const args = ["--import", `data:text/javascript,${script}`, CLI, "schema"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
  const line = /^error: TypeError: boom \[HF_TOKEN\]\n {2}hint: .*log\n$/;
  expect([status, stderr]).toEqual([1, expect.stringMatching(line)]);
  const log = readFileSync(/at the end of (.*)/.exec(stderr)?.[1] ?? "", "utf8");
  expect(log).toMatch(/TypeError: boom \[HF_TOKEN\]\n +at /);
});

test.each([
  [new DualrateError("usage", ""), 2],
  [new DualrateError("store", ""), 1],
  [new DualrateError("interrupted", ""), 130],
  [new CommanderError(1, "commander.unknownOption", ""), 2],
  [new CommanderError(0, "commander.helpDisplayed", ""), 0],
  [new Error("x"), 1],
])("%s ends with status %d", (error, status) => expect(exitStatusOf(error)).toBe(status));
