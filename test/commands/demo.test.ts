// The demo that comes with the program: copied to where its user wants it, and run there.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";

let folder: string;
const dualrate = (...args: readonly string[]) => runDualrate(args, folder);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dualrate-demo-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the demo is copied without its build files, runs where it was copied, and its findings can be compared", async () => {
  const ran = await dualrate("demo", "--plain");
  expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining("Best ratio 30x")]);
  expect(ran.stdout).toContain("24 of 24 trials");
  expect(readdirSync(join(folder, "dualrate-demo")).sort()).toEqual(
    ["README.md", "model", "sweep.schema.json", "sweep.yaml", "train.jsonl", "valid.jsonl"].sort(),
  );
  expect(readFileSync(join(folder, "dualrate-demo/sweep.yaml"), "utf8")).toMatch(/^# .*\$schema=sweep\.schema\.json\n/);
  expect((await dualrate("compare")).stdout).toContain("30x");
}, 120_000);

test("a folder that holds files is refused, with the command that runs what is there", async () => {
  mkdirSync(join(folder, "earlier"));
  writeFileSync(join(folder, "earlier/sweep.yaml"), "name: mine\n");
  const { status, stderr } = await dualrate("demo", "earlier");
  expect([status, stderr]).toEqual([2, expect.stringContaining("takes a new or an empty folder; earlier holds files")]);
  expect(stderr).toContain("dualrate run earlier/sweep.yaml");
  expect(readFileSync(join(folder, "earlier/sweep.yaml"), "utf8")).toBe("name: mine\n");
});

test("--force replaces the demo's files and leaves the others", async () => {
  mkdirSync(join(folder, "filled"));
  writeFileSync(join(folder, "filled/notes.txt"), "mine");
  writeFileSync(join(folder, "filled/train.jsonl"), "broken");
  const { status } = await dualrate("demo", "filled", "--force", "--plain");
  expect(status).toBe(0);
  expect(readFileSync(join(folder, "filled/notes.txt"), "utf8")).toBe("mine");
  expect(readFileSync(join(folder, "filled/train.jsonl"), "utf8")).toMatch(/^\{"text":/);
}, 120_000);

test("a file where the folder would be is an error that says so", async () => {
  writeFileSync(join(folder, "taken"), "");
  const { status, stderr } = await dualrate("demo", "taken");
  expect([status, stderr]).toEqual([2, expect.stringContaining("error: the demo takes a folder; taken is a file")]);
});
