import { expect, test } from "vitest";
import { StudyWatch } from "../../src/dashboard/watch.js";
import { complete, FakeReader, measured, owner, running, START, snapshot, trial } from "./fixture.js";

test("an unchanged study is not read again, but its owner's heartbeat is", () => {
  const reader = new FakeReader(snapshot());
  const watch = new StudyWatch(reader, 1);
  reader.setOwner({ ...owner, heartbeatAt: START + 5000 });
  const next = watch.poll();
  expect(reader.reads).toBe(1);
  expect(next.overview.owner?.heartbeatAt).toBe(START + 5000);
});

test("a change brings new trials and measurements", () => {
  const reader = new FakeReader(
    snapshot({ trials: [trial(1, 1, running())], measurements: new Map([[1, measured(3)]]) }),
  );
  const watch = new StudyWatch(reader, 1);
  const trials = [trial(1, 1, complete(2)), trial(2, 8, running())];
  reader.set(
    snapshot({
      trials,
      measurements: new Map([
        [1, measured(3, 2)],
        [2, measured(4)],
      ]),
    }),
  );
  const next = watch.poll();
  expect(next.trials).toHaveLength(2);
  expect(next.measurements.get(1)).toHaveLength(2);
  expect(next.measurements.get(2)).toHaveLength(1);
});

test("the progress of an ended trial is read once, unless it ran again", () => {
  const reader = new FakeReader(
    snapshot({ trials: [trial(1, 1, complete(2))], measurements: new Map([[1, measured(2)]]) }),
  );
  const watch = new StudyWatch(reader, 1);
  const known = watch.last.progress.get(1);
  const again = new Map([[1, measured(1, 1)]]);
  reader.set(snapshot({ trials: [...watch.last.trials, trial(2, 1, running())], measurements: again }));
  expect(watch.poll().progress.get(1)).toBe(known);
  expect(reader.progressReads).toBe(1);
  reader.set(snapshot({ trials: [trial(1, 1, complete(1, 100, 200))], measurements: again }));
  expect(watch.poll().progress.get(1)).toEqual({ step: 200, seconds: 2, best: 1 });
});

test("a trial that is put back has no progress any more", () => {
  const measurements = new Map([[1, measured(2)]]);
  const reader = new FakeReader(snapshot({ trials: [trial(1, 1, running())], measurements }));
  const watch = new StudyWatch(reader, 1);
  expect(watch.last.progress.has(1)).toBe(true);
  reader.set(snapshot({ trials: [trial(1, 1, { state: "queued" })], measurements: new Map() }));
  expect(watch.poll().progress.has(1)).toBe(false);
});

test("a study that is not in the database is an error with a hint", () => {
  expect(() => new StudyWatch(new FakeReader(snapshot()), 2)).toThrow(/study 2 is not in the database/);
});
