import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { attempt, cpuQuota, folderFacts, machineFacts, nearest, reach } from "../../../src/commands/doctor/facts.js";
import { DualrateError } from "../../../src/errors.js";
import { temporaryFolder } from "../../store/fixture.js";

test("a container's quota is in cores", () => {
  expect(["200000 100000\n", "max 100000\n", ""].map(cpuQuota)).toEqual([2, undefined, undefined]);
});

test("this machine has cores and memory", () => {
  const { cores, memory } = machineFacts();
  expect(cores).toBeGreaterThan(0);
  expect(memory).toBeGreaterThan(0);
});

test("of a folder that is not there the next one above it counts", () => {
  const folder = temporaryFolder();
  expect(nearest(join(folder, "a/b/c"))).toBe(folder);
  const facts = folderFacts(join(folder, "a/b"));
  expect(facts).toMatchObject({ exists: false, refusal: undefined, network: undefined });
  expect(facts.free).toBeGreaterThan(0);
});

test("an error is a fact, with its hint", () => {
  const failing = () => {
    throw new DualrateError("store", "it is full", { hint: "Make room." });
  };
  expect(attempt(failing)).toEqual({ message: "it is full", hint: "Make room." });
});

async function serverWith(status: number): Promise<string> {
  const server = createServer((_, response) => {
    if (status > 0) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a hub is reached where anything answers in time", async () => {
  expect((await reach(await serverWith(200))).works).toBe(true);
  expect((await reach(await serverWith(404))).works).toBe(true);
  expect(await reach(await serverWith(503))).toEqual({ works: false, message: "status 503" });
  expect((await reach(await serverWith(0), 50)).works).toBe(false);
  expect((await reach("http://127.0.0.1:1")).works).toBe(false);
});
