import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { DualrateError } from "../../src/errors.js";
import { checkMemory, defaultWorkers, type Machine, thisMachine } from "../../src/runner/workers.js";

const GiB = 2 ** 30;
const machine: Machine = { cores: 8, memory: 10 * GiB };

test.each<[string, number, number | undefined, Machine, number]>([
  ["small trials: one worker a core", GiB / 10, undefined, machine, 8],
  ["large trials: as many as fit into four fifths of the memory", 2 * GiB, undefined, machine, 4],
  ["a trial larger than the memory: still one", 20 * GiB, undefined, machine, 1],
  ["fewer trials than cores: one each", GiB / 10, 3, machine, 3],
  ["no trials left: still one", GiB / 10, 0, machine, 1],
  ["an unknown size: one worker a core", 0, 100, machine, 8],
  ["no memory at all: still one", GiB, 100, { cores: 2, memory: -1 }, 1],
])("%s", (_, workerBytes, trials, on, expected) => {
  expect(defaultWorkers({ workerBytes }, trials, on)).toBe(expected);
});

test.each<[string, number, number, string, string]>([
  ["one trial", 20 * GiB, 1, "a trial needs about 21 GB of memory; 11 GB are free", "Lower batch_size"],
  ["several", 4 * GiB, 3, "3 trials at once need about 13 GB", "Use --workers 2, or lower batch_size"],
])("memory that is not there is refused: %s", (_, workerBytes, workers, message, hint) => {
  const check = () => checkMemory({ workerBytes }, workers, machine);
  expect(check).toThrow(DualrateError);
  expect(check).toThrow(message);
  expect(check).toThrow(expect.objectContaining({ code: "memory", hint: expect.stringContaining(hint) }));
});

test("what fits is not refused", () => {
  expect(() => checkMemory({ workerBytes: 2 * GiB }, 5, machine)).not.toThrow();
});

test("this machine has a core, and no more memory than is built in", () => {
  const { cores, memory } = thisMachine();
  expect(cores).toBeGreaterThanOrEqual(1);
  expect(memory).toBeGreaterThan(0);
  expect(memory).toBeLessThanOrEqual(totalmem());
});
