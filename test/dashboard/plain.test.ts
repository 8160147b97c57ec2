import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { followPlainly } from "../../src/dashboard/plain.js";
import type { Trial } from "../../src/sweep/trial.js";
import {
  complete,
  diverged,
  FakeReader,
  overviewOf,
  owner,
  running,
  START,
  snapshot,
  study,
  trial,
} from "./fixture.js";

function holding(trials: readonly Trial[]) {
  return snapshot({ overview: overviewOf(study({}, 4), trials, owner), trials, measurements: new Map() });
}

/** Runs `script` on a store that holds `before`, and returns the lines for people and the JSON events. */
async function follow(
  before: readonly Trial[],
  script: (reader: FakeReader) => Promise<unknown>,
  heartbeatMs = 60_000,
) {
  const reader = new FakeReader(holding(before));
  const [out, json] = [new PassThrough(), new PassThrough()];
  await followPlainly({
    reader,
    studyId: 1,
    out,
    json,
    done: pause(1).then(() => script(reader)),
    pollMs: 5,
    heartbeatMs,
  });
  out.end();
  json.end();
  const events = (await text(json))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { lines: (await text(out)).trim().split("\n"), events };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("each change of a trial is one line, with the values of its end", async () => {
  const { lines } = await follow([], async (reader) => {
    reader.set(holding([trial(1, 1, running())]));
    await pause(30);
    reader.set(holding([trial(1, 1, complete(2.5)), trial(2, 1000, running(1))]));
    await pause(30);
    reader.set(holding([trial(1, 1, complete(2.5)), trial(2, 1000, diverged(300, 1, 61))]));
  });
  const changes = lines.filter((line) => line.startsWith("#"));
  expect(changes).toEqual([
    "#1 started: ratio 1x, base 2.0e-4, warmup 3%",
    "#2 started: ratio 1000x, base 2.0e-4, warmup 3%",
    "#1 done: loss 2.500 at step 1800, rank 1 of 1, 1m00s",
    "#1 is the best so far: ratio 1x, loss 2.500",
    "#2 failed (diverged) at step 300: the loss became NaN",
  ]);
});

test("what happens just before the end, between two looks, is told", async () => {
  const { lines } = await follow([], async (reader) => reader.set(holding([trial(1, 8, complete(2))])));
  expect(lines).toContain("#1 done: loss 2.000 at step 1800, rank 1 of 1, 1m00s");
  expect(lines.at(-1)).toMatch(/1 of 4 trials ended, 0 running/);
});

test("trials that ended in an earlier run are no news, those that run are, and nothing is told twice", async () => {
  const { events } = await follow([trial(1, 1, complete(2)), trial(2, 8, running())], async () => {});
  expect(events.map(({ event, trial }) => [event, trial])).toEqual([
    ["started", 2],
    ["progress", undefined],
  ]);
});

test("a trial that goes back to the queue says so", async () => {
  const { lines } = await follow([trial(1, 1, running())], async (reader) => {
    await pause(20);
    reader.set(holding([trial(1, 1, { state: "queued" })]));
  });
  expect(lines).toContain("#1 back in the queue");
});

test("a trial that is paused says why, and says so when it goes on", async () => {
  const paused = {
    state: "paused",
    startedAt: START,
    step: 20,
    reason: "rank 3 of 4, keeps 2",
    checkpoint: "/c",
  } as const;
  const { lines } = await follow([trial(1, 1, running())], async (reader) => {
    await pause(20);
    reader.set(holding([trial(1, 1, paused)]));
    await pause(30);
    reader.set(holding([trial(1, 1, { state: "running", startedAt: START + 5, resumed: paused })]));
  });
  expect(lines.filter((line) => line.startsWith("#"))).toEqual([
    "#1 started: ratio 1x, base 2.0e-4, warmup 3%",
    "#1 paused at step 20: rank 3 of 4, keeps 2",
    "#1 goes on after step 20",
  ]);
});

test("a sign of life comes at the set time, with what is done and best", async () => {
  const { events } = await follow([trial(1, 8, complete(2))], () => pause(80), 20);
  const signs = events.filter(({ event }) => event === "progress");
  expect(signs.length).toBeGreaterThanOrEqual(3);
  expect(signs[0]).toMatchObject({ planned: 4, counts: { complete: 1 }, best: { trial: 1, value: 2, ratio: 8 } });
});

test("JSON events carry full values and a time", async () => {
  const { events } = await follow([], async (reader) => reader.set(holding([trial(1, 8, complete(2.123456789))])));
  expect(events.find(({ event }) => event === "complete")).toMatchObject({
    trial: 1,
    value: 2.123456789,
    metric: "loss",
    rank: 1,
    seconds: 60,
    at: expect.any(Number),
  });
  expect(START).toBeLessThan(Number(events[0]?.at));
});

test("a study that ends with an error still ends the lines", async () => {
  const { lines } = await follow([], () => Promise.reject(new Error("workers cannot start")));
  expect(lines.at(-1)).toContain("0 of 4 trials ended");
});
