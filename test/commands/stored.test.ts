// The commands that read what is stored, run as processes on a database that the writer made.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import type { StoreWriter } from "../../src/store/records.js";
import { openWriter } from "../../src/store/writer.js";
import type { Trial, TrialEnd } from "../../src/sweep/trial.js";
import { runDualrate } from "../program.js";
import { common, complete, failed, measured, pruned, study } from "../report/trials.js";

let folder: string;
const dualrate = (...args: readonly string[]) => runDualrate(args, folder);
const json = async (...args: readonly string[]) => JSON.parse((await dualrate(...args, "--json")).stdout);

const TRIALS: readonly Trial[] = [
  complete(1, 1, 2.5, { warmup_ratio: 0 }),
  complete(2, 1, 2.7, { warmup_ratio: 0.1 }),
  complete(3, 10, 2.123456789012345, { warmup_ratio: 0 }),
  pruned(4, 10),
  failed(5, 100),
];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dualrate-"));
  const writer = openWriter(join(folder, "results"));
  // Its ranking is more than a pipe holds at once.
  store(
    writer,
    "large",
    Array.from({ length: 400 }, (_, i) => failed(i + 1, 1)),
    [],
  );
  store(writer, "older", TRIALS.slice(0, 1));
  store(writer, "letters", TRIALS);
  writer.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function store(writer: StoreWriter, name: string, trials: readonly Trial[], losses = [2.6, 2.1, 2.4]): void {
  const { id } = writer.openStudy({ ...study, sweep: { ...study.sweep, name } });
  for (const { number, rates, parameters, ...rest } of trials) {
    writer.addTrial(id, { ...common(number, rates.lr_ratio), parameters });
    writer.startTrial(id, number);
    for (const [step, loss] of losses.entries()) {
      writer.recordMeasurement(id, number, measured(20 * (step + 1), 3 - step, loss));
    }
    writer.endTrial(id, number, rest as unknown as TrialEnd);
  }
}

test("studies lists all, newest first, with their counts and best value", async () => {
  const { status, stdout } = await dualrate("studies");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^study +state +ended/);
  expect(stdout).toMatch(/\nletters +stopped +5\/6 +3 +1 +1 +2\.123 +loss/);
  const listed = await json("studies");
  expect(listed.map(({ name }: { name: string }) => name)).toEqual(["letters", "older", "large"]);
  expect(listed[0]).toMatchObject({ state: "stopped", planned_trials: 6, best: 2.123456789012345 });
});

test("rank takes the newest study, best first, with failed and pruned trials at the end", async () => {
  const { status, stdout, stderr } = await dualrate("rank");
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^trial +state +lr_ratio +base_lr +intro_lr +warmup_ratio +loss +step$/);
  expect(lines.slice(1).map((line) => Number(line.trim().split(/\s/)[0]))).toEqual([3, 1, 2, 4, 5]);
  expect(lines.at(-1)).toContain("diverged at step 12");
  expect(stderr).toContain("next: dualrate compare letters");
});

test.each(["rank", "compare", "explain", "show", "studies", "dashboard"])(
  "%s ends with a command that works as it stands, in another results folder too",
  async (command) => {
    const { stderr } = await dualrate(command, "--results", "./results");
    const last = stderr.trimEnd().split("\n").at(-1) ?? "";
    const [, next = ""] = /^next: dualrate ([^;]*)/.exec(last) ?? [];
    expect(next).toMatch(/ --results \.\/results$/);
    expect((await dualrate(...next.split(" "))).status).toBe(0);
    rmSync(join(folder, "best.yaml"), { force: true });
  },
);

test("rank as JSON has numbers with all digits, resolved rates, and null where there is no value", async () => {
  const rows = await json("rank", "letters");
  expect(rows).toHaveLength(5);
  expect(rows[0]).toMatchObject({ number: 3, state: "complete", value: 2.123456789012345, best_step: 40 });
  expect(rows[0].parameters).toMatchObject({ lr_ratio: 10, base_lr: 1e-4, intro_lr: 1e-3, init: "mean" });
  expect(rows[4]).toMatchObject({ number: 5, state: "failed", value: null, best_step: null });
});

test("rank as CSV has a heading and one line a trial", async () => {
  const { stdout } = await dualrate("rank", "--csv", "--limit", "2");
  const [heading, first, ...more] = stdout.trimEnd().split("\n");
  expect(heading).toMatch(/^number,state,value,best_step,lr_ratio,base_lr,intro_lr,/);
  expect(first).toMatch(/^3,complete,2\.123456789012345,40,10,0\.0001,0\.001,/);
  expect(more).toHaveLength(1);
});

test("a reader that leaves early is no failure and no noise", async () => {
  const { status, stdout, stderr } = await runDualrate(["rank", "large", "--json"], folder, 1);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout.length).toBeLessThan(100_000);
});

test("explain says it in words, and the same as JSON", async () => {
  const { status, stdout } = await dualrate("explain");
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^What was searched\n[\s\S]*\n\nWhat to do next\n {2}- /),
  ]);
  const { found, next } = await json("explain");
  expect(found[0]).toContain("trial 3");
  expect(next.length).toBeGreaterThan(0);
});

test("compare --html and --svg write a page and its figure, and none over another file unless told to", async () => {
  const { status, stdout, stderr } = await dualrate("compare", "--html", "report.html", "--svg", "figures");
  expect([status, stdout]).toEqual([0, expect.stringContaining("best ratio")]);
  expect(stderr).toContain("wrote report.html");
  const page = readFileSync(join(folder, "report.html"), "utf8");
  expect(page).toContain('<p class="headline">best ratio');
  expect(readFileSync(join(folder, "figures", "ratio.svg"), "utf8")).toMatch(/^<svg xmlns="[^"]+" [^>]*><style>/);
  const again = await dualrate("compare", "--html", "report.html");
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining("report.html exists already")]);
  expect((await dualrate("compare", "--html", "report.html", "--force")).status).toBe(0);
});

test("compare prints a row a ratio and a verdict", async () => {
  const { status, stdout } = await dualrate("compare");
  expect(status).toBe(0);
  expect(stdout).toMatch(/\n +10x +2 +2\.123 +2\.123 +-0\.3765 +0 +1 /);
  expect(stdout).toMatch(/\n +100x +1 +- +- +- +1 /);
  expect(stdout).toContain("best ratio 10x: loss 2.123 (trial 3)");
  expect(stdout).toContain("so far: 5 of 6 trials have ended");
  const { best_ratio, against_one, ratios, verdict } = await json("compare");
  expect([best_ratio, against_one, ratios.length]).toEqual([10, 2.123456789012345 - 2.5, 3]);
  expect(verdict[0]).toContain("best ratio 10x");
});

test("show tells of a study and of a trial, which a bare number takes from the newest", async () => {
  const { stdout } = await dualrate("show");
  expect(stdout).toMatch(/^study +letters, created /);
  expect(stdout).toMatch(/introduced tokens +<A> x120, b: c x0/);
  expect(stdout).toMatch(/trials +3 complete, 1 pruned, 1 failed; 6 planned/);
  const trial = await dualrate("show", "3");
  expect(trial.stdout).toMatch(/^trial +3 of letters/);
  expect(trial.stdout).toContain("overfitting since step 40: validation loss rose from 2.100 to 2.400");
  expect((await json("show", "letters", "5")).failure).toMatchObject({ kind: "diverged", step: 12 });
  expect((await json("show", "letters", "3")).measurements).toHaveLength(3);
});

test("export writes the best configuration and does not replace a file unasked", async () => {
  const { status, stdout } = await dualrate("export", "-o", "best.yaml");
  expect([status, stdout]).toEqual([0, ""]);
  const read = parse(readFileSync(join(folder, "best.yaml"), "utf8"));
  expect(read.parameters.lr_ratio).toEqual({ value: 10 });
  expect(read.exported_from).toEqual({
    study: "letters",
    trial: 3,
    metric: "loss",
    value: 2.123456789012345,
    step: 40,
  });
  writeFileSync(join(folder, "best.yaml"), "mine");
  const again = await dualrate("export", "-o", "best.yaml");
  expect(again.status).toBe(2);
  expect(again.stderr).toMatch(/^error: .*best\.yaml exists already\n {2}hint: .*--force/);
  expect(readFileSync(join(folder, "best.yaml"), "utf8")).toBe("mine");
});

test("export writes JSON where the output's name or --format says so", async () => {
  await dualrate("export", "--trial", "1", "-o", "first.json");
  expect(JSON.parse(readFileSync(join(folder, "first.json"), "utf8")).exported_from.trial).toBe(1);
  const { stdout } = await dualrate("export", "older", "--format", "json");
  expect(JSON.parse(stdout).name).toBe("older-trial-1");
});

test("export writes all trials for other programs", async () => {
  const { stdout } = await dualrate("export", "older", "--format", "csv");
  expect(stdout).toBe((await dualrate("rank", "older", "--seeds", "--csv")).stdout);
  const { stderr } = await dualrate("export", "letters", "--format", "optuna", "-o", "journal.log");
  expect(stderr).toMatch(/wrote journal\.log; open it: optuna-dashboard journal\.log/);
  const [first, ...rest] = readFileSync(join(folder, "journal.log"), "utf8").trim().split("\n");
  expect(JSON.parse(first ?? "")).toMatchObject({ op_code: 0, study_name: "letters" });
  expect(rest.some((line) => JSON.parse(line).op_code === 4)).toBe(true);
  const { stdout: training } = await dualrate("export", "older", "--format", "training-args");
  expect(JSON.parse(training)).toMatchObject({ output_dir: "older-trial-1", optim: "adamw_torch" });
});

test.each([
  [["export", "--format", "optuna", "--trial", "1"], "--format optuna is of all trials", "Leave --trial out"],
  [["rank", "nope"], 'holds no study named "nope"', "letters, older, large"],
  [["show", "letters", "99"], '"letters" has no trial 99', "dualrate rank letters"],
  [["export", "--trial", "5"], 'trial 5 of "letters" is failed, not complete', "dualrate rank letters"],
])("%j is an error with a way out", async (args, message, hint) => {
  const { status, stdout, stderr } = await dualrate(...args);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr).toContain(hint);
});

test("a dashboard without a terminal tells what is stored, in lines", async () => {
  const { status, stdout, stderr } = await dualrate("dashboard");
  expect([status, stdout]).toEqual([0, ""]);
  expect(stderr).toContain("nobody runs letters now");
});

test("a folder without results is not made by looking into it", async () => {
  const { status } = await dualrate("studies", "--results", "elsewhere");
  expect(status).not.toBe(0);
  expect(existsSync(join(folder, "elsewhere"))).toBe(false);
});
