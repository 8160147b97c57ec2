// Models of a hub on this machine, into an empty cache.
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFixture, FILES, ID, WEIGHTS } from "./fixture.js";
import { gitHash, sha256 } from "./server.js";

const NEEDED = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"];

test("a model comes once, into Hugging Face's own layout, without the files that nothing needs", async () => {
  const { hub, cache, list, fetch } = await createFixture();
  const { folder, commit } = await fetch();
  expect([folder, commit]).toEqual([join(cache, "models--org--tiny", "snapshots", hub.commit), hub.commit]);
  expect(list("snapshots", commit)).toEqual(NEEDED);
  for (const name of NEEDED) expect(readFileSync(join(folder, name))).toEqual(FILES.get(name));
  expect(readlinkSync(join(folder, "model.safetensors"))).toBe(join("..", "..", "blobs", sha256(WEIGHTS)));
  expect(readlinkSync(join(folder, "config.json"))).toBe(join("..", "..", "blobs", gitHash(FILES.get("config.json")!)));
  expect(list("blobs")).toHaveLength(NEEDED.length);
  expect(readFileSync(join(cache, "models--org--tiny", "refs", "main"), "utf8")).toBe(commit);
  const downloads = hub.downloads.length;
  expect(await fetch()).toEqual({ folder, commit });
  expect([downloads, hub.downloads.length]).toEqual([NEEDED.length, NEEDED.length]);
});

test("what is in the cache needs no hub: offline, and for a commit", async () => {
  const { hub, fetch } = await createFixture();
  const first = await fetch();
  const before = hub.requests.length;
  expect(await fetch({ offline: true })).toEqual(first);
  expect(await fetch({}, hub.commit)).toEqual(first);
  expect(hub.requests).toHaveLength(before);
});

test("a hub that cannot be reached leaves what the branch stood for last time, and says so", async () => {
  const { hub, fetch, events } = await createFixture();
  const first = await fetch();
  await hub.close();
  expect(await fetch()).toEqual(first);
  expect(events.at(-1)).toMatchObject({ type: "unreachable", commit: first.commit, reason: /ECONNREFUSED/ });
});

test("a branch that moved comes anew, the files that are the same aside", async () => {
  const { hub, fetch, list } = await createFixture();
  await fetch();
  hub.commit = "2".repeat(40);
  hub.files = new Map([...FILES, ["config.json", Buffer.from('{"model_type": "albert"}')]]);
  const { folder, commit } = await fetch();
  expect(commit).toBe(hub.commit);
  expect(hub.downloads.slice(NEEDED.length)).toEqual([`/${ID}/resolve/${commit}/config.json`]);
  expect(readFileSync(join(folder, "config.json"), "utf8")).toContain("albert");
  expect(list("snapshots")).toHaveLength(2);
});

test("weights in several files come with their index", async () => {
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const index = Buffer.from(JSON.stringify({ weight_map: { a: shards[0], b: shards[1], c: shards[0] } }));
  const files = new Map([...FILES, ["model.safetensors.index.json", index]]);
  files.delete("model.safetensors");
  for (const shard of shards) files.set(shard, Buffer.from(shard));
  const { fetch, list, hub } = await createFixture(files);
  const { commit } = await fetch();
  expect(list("snapshots", commit)).toEqual(expect.arrayContaining(shards));
  expect(await fetch({ offline: true })).toMatchObject({ commit });
  expect(hub.downloads).toHaveLength(7);
});

test("an index cannot name a file outside of the model's folder", async () => {
  const index = Buffer.from(JSON.stringify({ weight_map: { a: "../../evil.safetensors" } }));
  const files = new Map([...FILES, ["model.safetensors.index.json", index]]);
  files.delete("model.safetensors");
  const { fetch } = await createFixture(files);
  await expect(fetch()).rejects.toThrow(/must give weight_map, from tensors to .safetensors files beside it/);
});

test("offline with nothing in the cache, the error names what is missing, and what to do", async () => {
  const { fetch, hub } = await createFixture();
  await expect(fetch({ offline: true })).rejects.toMatchObject({
    code: "model",
    message: expect.stringMatching(/org\/tiny@main is not in the cache .*missing: all files.*HF_HUB_OFFLINE/),
    hint: expect.stringContaining("Run once without HF_HUB_OFFLINE"),
  });
  expect(hub.requests).toEqual([]);
});

test("offline with a download that was not finished, the error names the files", async () => {
  const { fetch, hub } = await createFixture();
  hub.faults.push({ path: /cdn:.*model.safetensors/, status: 404 });
  await expect(fetch()).rejects.toThrow();
  const asked = fetch({ offline: true }, hub.commit);
  await expect(asked).rejects.toThrow(/missing: model.safetensors\)/);
});

test("a model without safetensors gets the command that saves it with them", async () => {
  const files = new Map([...FILES, ["pytorch_model.bin", WEIGHTS]]);
  files.delete("model.safetensors");
  const { fetch, hub } = await createFixture(files);
  await expect(fetch()).rejects.toMatchObject({
    message: "org/tiny has no model.safetensors on the hub; its weights are in pytorch_model.bin",
    hint: expect.stringContaining("M.from_pretrained('org/tiny').save_pretrained('model')"),
  });
  expect(hub.downloads).toEqual([]);
});

test("a stop ends the download as interrupted", async () => {
  const { fetch, hub, list } = await createFixture();
  hub.faults.push({ path: /cdn:/, cutAfter: 1000, stall: true });
  const stop = new AbortController();
  const fetched = fetch({}, "main", stop.signal);
  setTimeout(() => stop.abort(), 300);
  await expect(fetched).rejects.toMatchObject({ code: "interrupted", hint: "The same command goes on with it." });
  expect(list("blobs").filter((name) => name.endsWith(".incomplete"))).toHaveLength(1);
  await fetch();
  expect(hub.requests.at(-1)?.range).toBe("bytes=1000-");
});
