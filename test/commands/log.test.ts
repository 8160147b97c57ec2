// `dualrate log` on a database that the writer made.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StoreWriter } from "../../src/store/records.js";
import { openWriter } from "../../src/store/writer.js";
import { runDualrate } from "../program.js";
import { definition } from "../store/fixture.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
let writer: StoreWriter;
let id: number;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);

beforeAll(async () => {
  tiny = await createTinySweep();
  writer = openWriter(join(tiny.folder, "results"));
  writer.openStudy(definition({ name: "empty" }));
  id = writer.openStudy(definition()).id;
  writer.logEvent(id, "study", "started: trial 1 of 4, up to 2 at once");
  writer.logEvent(id, "trial", "trial 3 is paused at step 40: rank 2 of 2", 3);
  writer.logEvent(id, "error", "trial 12 failed (error): first line\n  second line", 12);
});
afterAll(() => {
  writer.close();
  tiny.dispose();
});

test("every event is a line: when, of which kind, of which trial, and what", async () => {
  const { status, stdout } = await dualrate("log", "words");
  expect(status).toBe(0);
  const time = "20\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d";
  expect(stdout.split("\n")).toEqual([
    expect.stringMatching(`^${time}  study {10}started: trial 1 of 4, up to 2 at once$`),
    expect.stringMatching(`^${time}  trial {6}#3  trial 3 is paused at step 40: rank 2 of 2$`),
    expect.stringMatching(`^${time}  error {5}#12  trial 12 failed \\(error\\): first line · second line$`),
    "",
  ]);
});

test("--json prints an object a line", async () => {
  const { stdout } = await dualrate("log", "words", "--json");
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events).toHaveLength(3);
  expect(events[1]).toEqual({
    id: expect.any(Number),
    at: expect.any(Number),
    kind: "trial",
    trial: 3,
    message: "trial 3 is paused at step 40: rank 2 of 2",
  });
  expect(events[0]).not.toHaveProperty("trial");
});

test("--trial and --kind choose, and nothing to show is said", async () => {
  expect((await dualrate("log", "words", "--trial", "12")).stdout).toMatch(/^[^\n]*#12[^\n]*\n$/);
  expect((await dualrate("log", "words", "--kind", "study")).stdout).toMatch(/^[^\n]*started[^\n]*\n$/);
  const none = await dualrate("log", "words", "--trial", "12", "--kind", "study");
  expect(none).toEqual({ status: 0, stdout: "", stderr: "words has no such event\n" });
  expect((await dualrate("log", "empty")).stderr).toBe("empty has no such event\n");
});

test("a study or a kind that is not there is an error that lists those that are", async () => {
  const study = await dualrate("log", "absent");
  expect([study.status, study.stderr]).toEqual([2, expect.stringContaining("It holds: words, empty")]);
  const kind = await dualrate("log", "--kind", "decision");
  expect([kind.status, kind.stderr]).toEqual([2, expect.stringMatching(/Allowed choices are study, trial, warning/)]);
});

test("--follow prints what comes until no process runs the study any more", async () => {
  writer.acquireLease(id, 1);
  const following = dualrate("log", "words", "--follow", "--kind", "warning");
  await sleep(1500);
  writer.logEvent(id, "warning", "trial 4 crashed and is tried once more", 4);
  await sleep(1000);
  writer.releaseLease(id);
  const { status, stdout } = await following;
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^\S+ \S+ {2}warning +#4 {2}trial 4 crashed/)]);
});
