// Downloads that are cut, damaged or done twice: the cache holds whole files or none.
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFixture, WEIGHTS } from "./fixture.js";
import { sha256 } from "./server.js";

const HASH = sha256(WEIGHTS);
const CDN = /cdn:.*model.safetensors/;
const HOST = hostname().replaceAll(/[^\w-]/g, "-");

test("a connection that is cut is taken up where it was cut", async () => {
  const { hub, fetch, list } = await createFixture();
  hub.faults.push({ path: CDN, cutAfter: 30_000 }, { path: CDN, cutAfter: 30_000 });
  const { folder } = await fetch();
  expect(readFileSync(join(folder, "model.safetensors"))).toEqual(WEIGHTS);
  const ranges = hub.requests.filter(({ from }) => from === "cdn").map(({ range }) => range);
  expect(ranges).toEqual([undefined, "bytes=30000-", "bytes=60000-"]);
  expect(list("blobs").filter((name) => name.includes("incomplete"))).toEqual([]);
});

test("a connection that is cut again and again is given up only where nothing comes", async () => {
  const { hub, fetch } = await createFixture();
  hub.faults.push(...Array.from({ length: 9 }, () => ({ path: CDN, cutAfter: 10_000 })));
  await fetch();
  hub.files = new Map([...hub.files, ["model.safetensors", Buffer.from("other weights")]]);
  hub.commit = "2".repeat(40);
  hub.faults.push(...Array.from({ length: 9 }, () => ({ path: CDN, cutAfter: 0 })));
  await expect(fetch()).rejects.toThrow(/could not be had/);
});

test("what a process that ended left behind is gone on with", async () => {
  const { hub, fetch, cache, list } = await createFixture();
  hub.faults.push({ path: CDN, status: 404 });
  await fetch().catch(() => {});
  // Greater than any process id of Linux.
  const left = join(cache, "models--org--tiny", "blobs", `${HASH}.${HOST}-99999999.incomplete`);
  writeFileSync(left, WEIGHTS.subarray(0, 70_000));
  const { folder } = await fetch();
  expect(hub.requests.at(-1)).toMatchObject({ from: "cdn", range: "bytes=70000-" });
  expect(readFileSync(join(folder, "model.safetensors"))).toEqual(WEIGHTS);
  expect(list("blobs").filter((name) => name.includes("incomplete"))).toEqual([]);
});

test("what a process that runs is writing is left alone", async () => {
  const { hub, fetch, cache, list } = await createFixture();
  hub.faults.push({ path: CDN, status: 404 });
  await fetch().catch(() => {});
  const others = `${HASH}.${HOST}-${process.ppid}.incomplete`;
  writeFileSync(join(cache, "models--org--tiny", "blobs", others), WEIGHTS.subarray(0, 70_000));
  await fetch();
  expect(hub.requests.at(-1)?.range).toBeUndefined();
  expect(list("blobs")).toEqual(expect.arrayContaining([HASH, others]));
});

const flipped = Buffer.from(WEIGHTS);
flipped.writeUInt8(flipped.readUInt8(500) ^ 1, 500);

test.each([
  ["one wrong bit", CDN, flipped, /model.safetensors of org\/tiny .*: its bytes do not have the hub's hash$/],
  ["more bytes", CDN, Buffer.concat([WEIGHTS, WEIGHTS]), /it is larger than the 100000 bytes that the hub gives$/],
  ["a wrong small file", /hub:.*config.json/, Buffer.from('{"model_type": "best"}'), /the hub's hash$/],
])("%s is an error, leaves nothing, and comes right the next time", async (_, path, body, message) => {
  const { hub, fetch, list } = await createFixture();
  hub.faults.push({ path, body });
  const error = await fetch().catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "model", message: expect.stringMatching(message) });
  expect(list("blobs")).not.toContain(HASH);
  const { folder } = await fetch();
  expect(readFileSync(join(folder, "model.safetensors"))).toEqual(WEIGHTS);
});

test("fewer bytes than the hub gives are an error, however they come", async () => {
  const { hub, fetch, list } = await createFixture();
  const body = WEIGHTS.subarray(0, 99_000);
  hub.faults.push({ path: CDN, body }, { path: CDN, body });
  await expect(fetch()).rejects.toThrow(/it ends before the size that the hub gives$/);
  expect(list("blobs")).not.toContain(HASH);
});
