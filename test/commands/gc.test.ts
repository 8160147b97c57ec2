// `dualrate gc` as a process, on a database that the writer made and files that its trials might have left.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openWriter } from "../../src/store/writer.js";
import { runDualrate } from "../program.js";
import { definition, temporaryFolder, trial } from "../store/fixture.js";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  const writer = openWriter(join(folder, "results"));
  for (const name of ["words", "letters"]) {
    const { id } = writer.openStudy(definition({ name }));
    for (const number of [1, 2]) {
      writer.addTrial(id, trial(number));
      writer.startTrial(id, number);
      writer.endTrial(id, number, { state: "complete", value: number, bestStep: 1 });
    }
  }
  writer.close();
});

const dualrate = (...args: readonly string[]) => runDualrate(["gc", ...args], folder);
const path = (file: string) => join(folder, "results", file);

function write(file: string): void {
  mkdirSync(dirname(path(file)), { recursive: true });
  writeFileSync(path(file), "12345");
}

const LEADER = "words/weights/trial-1.safetensors";
const SECOND = "words/weights/trial-2.safetensors";
const OTHER = "letters/checkpoints/trial-1.safetensors";
const ORPHAN = "gone/weights/trial-1.safetensors";

test("what nobody needs goes, with its size in JSON; a dry run says the same and removes nothing", async () => {
  for (const file of [LEADER, SECOND, OTHER, ORPHAN]) write(file);
  const planned = JSON.parse((await dualrate("--dry-run", "--json")).stdout);
  expect([SECOND, OTHER].every((file) => existsSync(path(file)))).toBe(true);
  const { status, stdout } = await dualrate("--json");
  expect(status).toBe(0);
  const done = JSON.parse(stdout);
  expect(planned).toEqual({ ...done, dry_run: true });
  expect(done).toMatchObject({ dry_run: false, deleted: null, freed_bytes: 10, kept: [] });
  expect(done.files.map(({ file, study, bytes }: Record<string, unknown>) => [file, study, bytes])).toEqual([
    [OTHER, "letters", 5],
    [SECOND, "words", 5],
  ]);
  expect([LEADER, SECOND, OTHER, ORPHAN].map((file) => existsSync(path(file)))).toEqual([true, false, false, true]);
});

test("a study's name leaves the others alone", async () => {
  for (const file of [SECOND, OTHER]) write(file);
  expect((await dualrate("words")).stdout).toMatch(/^words\/weights\/trial-2.*\n1 file, 1 MiB, removed\n$/);
  expect([SECOND, OTHER].map((file) => existsSync(path(file)))).toEqual([false, true]);
});

test("folders of no study go with --orphans alone", async () => {
  write(ORPHAN);
  expect((await dualrate()).stdout).toBe("0 files, 0 MiB, removed\n");
  expect((await dualrate("--orphans")).stdout).toContain("of a study that is not in the database");
  expect(existsSync(path("gone"))).toBe(false);
});

test("a study that a living process runs is left alone", async () => {
  write(SECOND);
  write(OTHER);
  const writer = openWriter(path(""));
  writer.acquireLease(1, 1);
  for (const option of ["--dry-run", "--json"]) {
    const { status, stdout } = await dualrate(option, "--json");
    expect(status).toBe(0);
    const { files, kept } = JSON.parse(stdout);
    expect(files.map(({ file }: { file: string }) => file)).toEqual([OTHER]);
    expect(kept).toEqual([{ study: "words", reason: expect.stringContaining(`in use by process ${process.pid}`) }]);
  }
  expect((await dualrate("--delete", "words", "--yes")).stdout).toBe("0 files, 0 MiB, removed\n");
  writer.close();
  expect(existsSync(path(SECOND))).toBe(true);
  expect((await dualrate("words")).stdout).toContain("1 file");
});

test("--delete removes a study from the database and the disk, and what a person put there stays", async () => {
  for (const file of [LEADER, OTHER, "words/report.html"]) write(file);
  const unsure = await dualrate("--delete", "words");
  expect([unsure.status, unsure.stderr]).toEqual([2, expect.stringContaining("must be confirmed")]);
  expect((await dualrate("--delete", "words", "--dry-run")).stdout).toContain("words would be deleted");
  expect(existsSync(path(LEADER))).toBe(true);
  const { status, stdout } = await dualrate("--delete", "words", "--yes");
  expect([status, stdout]).toEqual([0, expect.stringContaining("words deleted from the database")]);
  expect([LEADER, "words/report.html", OTHER].map((file) => existsSync(path(file)))).toEqual([false, true, true]);
  expect((await runDualrate(["studies"], folder)).stdout).not.toContain("words");
  expect((await dualrate("--delete", "words", "--yes")).stderr).toContain("It holds: letters");
});

test.each([
  [["words", "--orphans"], "--orphans does not go with a study's name"],
  [["words", "--delete", "words"], "--delete does not go with a study's name"],
])("wrong usage is status 2: %j", async (args, message) => {
  const { status, stderr } = await dualrate(...args);
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
});
