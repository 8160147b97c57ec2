// A disk of a few hundred kilobytes, full at whatever comes first: a write to the database, its log, a checkpoint, kept weights.
// Needs the right to mount a tmpfs.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
let whole: string;

const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);
const ranking = async (results: string) => (await dualrate("rank", "--results", results)).stdout;
const isRoot = process.platform === "linux" && process.getuid?.() === 0;

function mount(folder: string, size: string, options = ""): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `${options}size=${size}`, "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  tiny = await createTinySweep();
  tiny.write("sweep.yaml");
  expect((await dualrate("run", "sweep.yaml", "--workers", "1", "--results", "whole")).status).toBe(0);
  whole = await ranking("whole");
});
afterAll(() => tiny.dispose());

// A tiny database takes 80 kB and its log about as much; a checkpoint 250 kB.
test.each(["64k", "240k", "600k"])(
  "a disk of %s stops the sweep with the reason, and it goes on once there is room",
  async (size) => {
    const results = `disk-${size}`;
    const folder = join(tiny.folder, results);
    mkdirSync(folder);
    if (!isRoot || !mount(folder, size)) {
      console.warn("skipped: only who may mount a tmpfs can have a full disk");
      return;
    }
    onTestFinished(() => void execFileSync("umount", ["-l", folder]));
    const stopped = await dualrate("run", "sweep.yaml", "--workers", "1", "--results", results);
    expect(stopped.status).toBe(1);
    expect(stopped.stderr).toMatch(/error: .*(no space is left|ENOSPC|cannot be written).*\n {2}hint: Make room/);
    expect(stopped.stderr).not.toMatch(/ failed |^\s+at .*\.js:/m);
    expect(mount(folder, "64m", "remount,")).toBe(true);
    const { status, stderr } = await dualrate("run", "sweep.yaml", "--workers", "1", "--results", results);
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(await ranking(results)).toBe(whole);
    expect((await dualrate("doctor", "--results", results)).stdout).toMatch(/ok +database +whole/);
  },
  60_000,
);
