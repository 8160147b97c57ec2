import { afterEach, expect, test } from "vitest";
import { Signals } from "../../src/commands/signals.js";

let signals: Signals | undefined;
afterEach(() => signals?.release());

test("every signal reaches the listener, and the first one decides the exit status", () => {
  const seen: string[] = [];
  const caught = new Signals((signal) => seen.push(signal));
  signals = caught;
  expect(caught.exitStatus).toBeUndefined();
  process.emit("SIGTERM", "SIGTERM");
  process.emit("SIGINT", "SIGINT");
  expect(seen).toEqual(["SIGTERM", "SIGINT"]);
  expect(caught.exitStatus).toBe(143);
});

test("released, signals have their usual effect again", () => {
  const before = process.listenerCount("SIGINT");
  const caught = new Signals(() => {});
  expect(process.listenerCount("SIGINT")).toBe(before + 1);
  caught.release();
  expect(process.listenerCount("SIGINT")).toBe(before);
});
