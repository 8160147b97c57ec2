import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { garbageIn, orphanFolders, removeEmptyFolders, removeFile } from "../../src/runner/garbage.js";
import type { Trial, TrialState } from "../../src/sweep/trial.js";
import { temporaryFolder, trial } from "../store/fixture.js";

/** No process has it: the kernel's highest number is 2^22. */
const NO_PROCESS = 2 ** 22 + 1;

function stored(number: number, state: TrialState): Trial {
  return { ...trial(number), ...state };
}

const ended = (value: number): TrialState => ({ state: "complete", value, bestStep: 1, startedAt: 1, endedAt: 2 });
const pause = { step: 1, reason: "rung", checkpoint: "c" };

function write(folder: string, ...files: readonly string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), "12345");
  }
}

function garbage(folder: string, trials: readonly Trial[]): readonly string[] {
  return garbageIn(folder, trials, "minimize").map(({ file }) => relative(folder, file));
}

const both = (number: number) => [`checkpoints/trial-${number}.safetensors`, `weights/trial-${number}.safetensors`];

test("trials that wait or run keep their files, the leader its weights, and all others nothing", () => {
  const folder = temporaryFolder();
  for (let number = 1; number <= 8; number++) write(folder, ...both(number));
  const trials = [
    stored(1, ended(0.2)),
    stored(2, ended(0.1)),
    stored(3, { state: "running", startedAt: 1 }),
    stored(4, { state: "paused", startedAt: 1, ...pause }),
    stored(5, { state: "queued" }),
    stored(6, { state: "pruned", startedAt: 1, endedAt: 2, step: 1, reason: "late" }),
    stored(7, { state: "failed", startedAt: 1, endedAt: 2, failure: { kind: "crashed", message: "" } }),
  ];
  const [checkpoint2] = both(2);
  const expected = [...both(1), checkpoint2, ...both(6), ...both(7), ...both(8)];
  expect(garbage(folder, trials).toSorted()).toEqual(expected.toSorted());
});

test("what a process wrote in part goes once the process or the trial has ended", () => {
  const folder = temporaryFolder();
  const part = (number: number, pid: number) => `checkpoints/trial-${number}.safetensors.${pid}.tmp`;
  write(folder, part(1, process.pid), part(1, NO_PROCESS), part(2, process.pid));
  const trials = [stored(1, { state: "running", startedAt: 1 }), stored(2, ended(1))];
  expect(garbage(folder, trials).toSorted()).toEqual([part(1, NO_PROCESS), part(2, process.pid)].toSorted());
});

test("each file has its size and a reason", () => {
  const folder = temporaryFolder();
  write(folder, "checkpoints/trial-1.safetensors");
  expect(garbageIn(folder, [stored(1, ended(1))], "minimize")).toEqual([
    {
      file: join(folder, "checkpoints/trial-1.safetensors"),
      bytes: 5,
      reason: "the checkpoint of a trial that has ended",
    },
  ]);
});

test("other files, folders of a trial's name and links are nobody's garbage", () => {
  const [folder, elsewhere] = [temporaryFolder(), temporaryFolder()];
  write(elsewhere, "trial-1.safetensors");
  write(folder, "report.html", "weights/trial-1.safetensors.bak", "weights/mine.safetensors", "trial-1.safetensors");
  mkdirSync(join(folder, "weights/trial-2.safetensors"));
  symlinkSync(join(elsewhere, "trial-1.safetensors"), join(folder, "weights/trial-1.safetensors"));
  symlinkSync(elsewhere, join(folder, "checkpoints"));
  expect(garbage(folder, [])).toEqual([]);
  const results = temporaryFolder();
  symlinkSync(folder, join(results, "linked"));
  write(folder, "weights/trial-3.safetensors");
  expect(garbage(join(results, "linked"), [])).toEqual([]);
  expect(orphanFolders(results, new Set())).toEqual([]);
});

test("orphans are folders with trials' files of studies that are not known", () => {
  const results = temporaryFolder();
  write(results, "known/weights/trial-1.safetensors", "gone/weights/trial-1.safetensors", "mine/weights/a.bin");
  expect(orphanFolders(results, new Set(["known"]))).toEqual(["gone"]);
  expect(orphanFolders(join(results, "absent"), new Set())).toEqual([]);
});

test("empty folders go, and those that hold anything stay", () => {
  const results = temporaryFolder();
  write(results, "a/weights/trial-1.safetensors", "b/weights/trial-1.safetensors", "b/report.html");
  for (const study of ["a", "b"]) {
    expect(removeFile(join(results, study, "weights/trial-1.safetensors"))).toBeUndefined();
    removeEmptyFolders(join(results, study));
  }
  expect(existsSync(join(results, "a"))).toBe(false);
  expect(existsSync(join(results, "b/report.html"))).toBe(true);
  expect(existsSync(join(results, "b/weights"))).toBe(false);
});

test("a file that cannot be removed says why", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "trial-1.safetensors"));
  expect(removeFile(join(folder, "trial-1.safetensors"))).toMatch(/directory/);
});
