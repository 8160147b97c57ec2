import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { logError, withoutSecrets } from "../../src/commands/error-log.js";
import { temporaryFolder } from "../store/fixture.js";

function inTemporaryFolder(): string {
  const folder = temporaryFolder();
  vi.stubEnv("TMPDIR", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  return folder;
}

test("errors are appended with their causes, beside the results or, where there are none, in the temporary folder", () => {
  const temporary = inTemporaryFolder();
  const results = temporaryFolder();
  const error = new Error("outer", { cause: new RangeError("inner") });
  expect(logError(error, results)).toBe(join(results, "errors.log"));
  expect(logError("a text", results)).toBe(join(results, "errors.log"));
  expect(readFileSync(join(results, "errors.log"), "utf8")).toMatch(
    /^20\S+ node v.*: dualrate[^\n]*\nError: outer\n {4}at [\s\S]*\ncaused by: RangeError: inner\n {4}at [\s\S]*\n20\S+ [^\n]*\na text\n/,
  );
  const elsewhere = logError(error, join(results, "absent")) ?? "";
  expect(elsewhere).toMatch(new RegExp(`^${temporary}.dualrate-\\d*-?errors\\.log$`));
  expect(statSync(elsewhere).mode & 0o777).toBe(0o600);
  expect(existsSync(join(results, "absent"))).toBe(false);
});

test("an error that caused itself is logged once", () => {
  const results = temporaryFolder();
  const error = new Error("round");
  error.cause = error;
  logError(error, results);
  expect(readFileSync(join(results, "errors.log"), "utf8").match(/Error: round/g)).toHaveLength(1);
});

test("a full log is put aside in place of the one before, and one error's share is bounded", () => {
  const results = temporaryFolder();
  const file = join(results, "errors.log");
  writeFileSync(`${file}.1`, "oldest");
  writeFileSync(file, "x".repeat(1_000_001));
  logError(new Error("y".repeat(10_000_000)), results);
  expect(readFileSync(`${file}.1`, "utf8")).toBe("x".repeat(1_000_001));
  expect(statSync(file).size).toBeLessThan(101_000);
});

test("a link in the temporary folder is not followed", () => {
  const temporary = inTemporaryFolder();
  const file = logError(new Error("first"), undefined) ?? "";
  const target = join(temporary, "target");
  writeFileSync(target, "untouched");
  writeFileSync(file, "x".repeat(1_000_001));
  logError(new Error("puts the log aside"), undefined);
  vi.stubEnv("TMPDIR", temporaryFolder());
  symlinkSync(target, file.replace(temporary, process.env.TMPDIR ?? ""));
  expect(logError(new Error("secret"), undefined)).toBeUndefined();
  expect(readFileSync(target, "utf8")).toBe("untouched");
});

test.each([
  ["sent abcdef123456 away", "sent [HF_TOKEN] away"],
  ["key hunter2hunter2!", "key [MY_API_KEY]!"],
  ["an older hf_AbCdEfGhIjKlMn in a text", "an older [token] in a text"],
  ["https://me:pass@hub.example.org/x", "https://[password]@hub.example.org/x"],
  ["https://hub.example.org:8080/a@b", "https://hub.example.org:8080/a@b"],
  ["short values are words: on", "short values are words: on"],
])("secrets are left out: %s", (text, expected) => {
  const env = { HF_TOKEN: " abcdef123456 ", MY_API_KEY: "hunter2hunter2", TOKENIZERS: "on", HOME: "/home/me" };
  expect(withoutSecrets(text, env)).toBe(expected);
});
