import { expect, test, vi } from "vitest";
import { StopSignal } from "../../src/runner/stop.js";

test("a stop gets stronger and never weaker, and tells of each change once", () => {
  const stop = new StopSignal();
  const levels: string[] = [];
  stop.onChange(() => levels.push(stop.level));
  expect(stop.level).toBe("none");
  for (const level of ["none", "drain", "drain", "now", "drain", "none", "now"] as const) stop.request(level);
  expect(levels).toEqual(["drain", "now"]);
  expect(stop.level).toBe("now");
});

test("a stop at once needs no drain before it", () => {
  const stop = new StopSignal();
  stop.request("now");
  expect(stop.level).toBe("now");
});

test("a pause can be taken back, and tells of changes only", () => {
  const stop = new StopSignal();
  const seen: boolean[] = [];
  stop.onChange(() => seen.push(stop.paused));
  for (const paused of [false, true, true, false]) stop.pause(paused);
  expect(seen).toEqual([true, false]);
});

test("a listener that was taken off hears no more, and the others still do", () => {
  const stop = new StopSignal();
  const [first, second] = [vi.fn(), vi.fn()];
  const offFirst = stop.onChange(first);
  stop.onChange(second);
  stop.request("drain");
  offFirst();
  stop.request("now");
  expect(first).toHaveBeenCalledTimes(1);
  expect(second).toHaveBeenCalledTimes(2);
});
