// The program as a user runs it: dist/cli.js in a process of its own.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sweepJsonSchema } from "../src/sweep/sweep-file.js";
import { runDualrate } from "./program.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dualrate-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const dualrate = (args: readonly string[]) => runDualrate(args, folder);

const COMMANDS = [
  "plan",
  "run",
  "train",
  "dashboard",
  "rank",
  "compare",
  "show",
  "studies",
  "export",
  "gc",
  "doctor",
  "schema",
];

test("help lists every command and the exit statuses", async () => {
  const { status, stdout } = await dualrate(["--help"]);
  expect(status).toBe(0);
  for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  expect(stdout).toContain("Exit status: 0 done, 1 failed, 2 wrong usage or input");
});

test.each(COMMANDS)("%s has help with an example", async (command) => {
  const { status, stdout } = await dualrate([command, "--help"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`Examples:\n  dualrate ${command}`));
});

test.each([
  [["no-such-command"], "unknown command 'no-such-command'"],
  [["rnk"], "Did you mean rank?"],
  [["rank", "--no-such-option"], "unknown option '--no-such-option'"],
  [["rank", "--limit", "0"], "It must be a positive integer."],
  [["run"], "missing required argument 'file'"],
  [["export", "--format", "toml"], "Allowed choices are yaml, json, python, peft, training-args, csv, optuna."],
])("wrong usage is status 2 and says what is wrong: %j", async (args, message) => {
  const { status, stdout, stderr } = await dualrate(args);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr).toContain("hint: dualrate --help");
});

test("the schema is printed as JSON", async () => {
  const { status, stdout } = await dualrate(["schema"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual(sweepJsonSchema());
});

test.each(["plan", "run", "train"])(
  "%s reports a sweep file's faults with their lines and writes nothing",
  async (command) => {
    writeFileSync(join(folder, "sweep.yaml"), "name: a\nmodle: x\n");
    const { status, stdout, stderr } = await dualrate([command, "sweep.yaml"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toMatch(/\n {2}at .*sweep\.yaml:\d+\n {2}hint: /);
    expect(stderr).not.toMatch(/\n\s+at .*\.js:/);
    expect(existsSync(join(folder, "results"))).toBe(false);
  },
);

test("a sweep file that is not there is an error with its name", async () => {
  const { status, stderr } = await dualrate(["run", "absent.yaml"]);
  expect(status).toBe(2);
  expect(stderr).toContain("absent.yaml");
});

test.each(["rank", "compare", "show", "export", "studies", "dashboard", "gc"])(
  "%s of a folder without results says how to get some",
  async (command) => {
    const { status, stdout, stderr } = await dualrate([command]);
    expect(status).not.toBe(0);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^error: .*results.*\n(?:.*\n)*.*hint: .*dualrate run/);
    expect(existsSync(join(folder, "results"))).toBe(false);
  },
);
