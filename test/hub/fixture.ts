// A test hub with a model of small made-up files, and an empty cache.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type FetchedModel, fetchModel, type HubEvent } from "../../src/hub/fetch-model.js";
import type { HubOptions } from "../../src/hub/options.js";
import { TestHub } from "./server.js";

export const ID = "org/tiny";
export const WEIGHTS = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) % 251));
export const FILES = new Map<string, Buffer>([
  ["README.md", Buffer.from("not needed")],
  ["config.json", Buffer.from('{"model_type": "bert"}')],
  ["tokenizer.json", Buffer.from('{"model": {}}')],
  ["tokenizer_config.json", Buffer.from("{}")],
  ["vocab.txt", Buffer.from("[PAD]\n")],
  ["model.safetensors", WEIGHTS],
]);

export interface Fixture {
  readonly hub: TestHub;
  readonly cache: string;
  readonly options: HubOptions;
  readonly events: HubEvent[];
  fetch(changes?: Partial<HubOptions>, revision?: string, signal?: AbortSignal): Promise<FetchedModel>;
  /** Names of a folder of the model's part of the cache. */
  list(...path: string[]): readonly string[];
}

export async function createFixture(files: ReadonlyMap<string, Buffer> = FILES): Promise<Fixture> {
  const hub = await TestHub.start(ID, files);
  const cache = mkdtempSync(join(tmpdir(), "dualrate-hub-"));
  onTestFinished(async () => {
    await hub.close();
    rmSync(cache, { recursive: true });
  });
  const options: HubOptions = { endpoint: hub.endpoint, cache, offline: false, retryDelay: 1 };
  const events: HubEvent[] = [];
  return {
    hub,
    cache,
    options,
    events,
    fetch: (changes = {}, revision = "main", signal = new AbortController().signal) => {
      const extras = ["vocab.txt", "merges.txt"];
      const onEvent = (event: HubEvent) => void events.push(event);
      return fetchModel({ ...options, ...changes }, { id: ID, revision }, { extras, signal, onEvent });
    },
    list: (...path) => readdirSync(join(cache, "models--org--tiny", ...path)).sort(),
  };
}
