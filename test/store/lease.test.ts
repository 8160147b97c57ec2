import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { HEARTBEAT_LIMIT, isAlive, thisProcess } from "../../src/store/lease.js";
import type { StudyOwner } from "../../src/store/records.js";

const now = Date.UTC(2026, 0, 1);
const me: StudyOwner = { ...thisProcess(), heartbeatAt: now, workers: 2 };

test("this process is alive however old its heartbeat is", () => {
  expect(isAlive({ ...me, heartbeatAt: 0 }, now)).toBe(true);
});

test("a process that ended is dead however young its heartbeat is", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  expect(isAlive({ ...me, pid: child.pid ?? 0 }, now)).toBe(false);
});

test.skipIf(me.processStartedAt === 0)("a process that got a dead owner's pid is not taken for it", () => {
  expect(isAlive({ ...me, processStartedAt: me.processStartedAt - 1 }, now)).toBe(false);
});

test("where the system tells no start time, a process with that pid counts as the owner", () => {
  expect(isAlive({ ...me, processStartedAt: 0 }, now)).toBe(true);
});

test("where the system tells no start time, an old heartbeat says that the pid is another process's by now", () => {
  expect(isAlive({ ...me, processStartedAt: 0, heartbeatAt: now - HEARTBEAT_LIMIT }, now)).toBe(false);
});

test("a heartbeat from before a clock was put back does not keep an owner on another host alive", () => {
  const away = { ...me, host: `not-${hostname()}` };
  expect(isAlive({ ...away, heartbeatAt: now + HEARTBEAT_LIMIT - 1 }, now)).toBe(true);
  expect(isAlive({ ...away, heartbeatAt: now + HEARTBEAT_LIMIT }, now)).toBe(false);
});

test("an owner on another host lives by its heartbeat", () => {
  const away = { ...me, host: `not-${hostname()}`, pid: 1 };
  expect(isAlive({ ...away, heartbeatAt: now - HEARTBEAT_LIMIT + 1 }, now)).toBe(true);
  expect(isAlive({ ...away, heartbeatAt: now - HEARTBEAT_LIMIT }, now)).toBe(false);
});
