// A model of the hub as a folder: from the cache, or downloaded into it once. Small files come first and weights last, so
// that a snapshot with its weights is whole.
import { join } from "node:path";
import { DualrateError } from "../errors.js";
import { INDEX_FILE, isCommit, ModelCache, REQUIRED_FILES, readShards, sizeOf, WEIGHTS_FILE } from "./cache.js";
import { type Asked, HubUnavailable, type ModelInfo, modelInfo, patiently, type RemoteFile } from "./client.js";
import { downloadBlob } from "./download.js";
import type { HubOptions } from "./options.js";

/** How far a download is. */
export type HubEvent =
  | { readonly type: "progress"; readonly file: string; readonly received: number; readonly size: number }
  /** The file is in the cache. */
  | { readonly type: "downloaded"; readonly file: string; readonly size: number }
  /** No connection: what the revision stood for last time is used. */
  | { readonly type: "unreachable"; readonly commit: string; readonly reason: string };

export interface FetchOptions {
  /** Files to have too, where the model has them. */
  readonly extras: readonly string[];
  /** Stops the download; what has come of it is gone on with next time. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: HubEvent) => void;
}

export interface FetchedModel {
  /** The snapshot's absolute path. */
  readonly folder: string;
  readonly commit: string;
}

/**
 * Asks the hub only where it must: not offline, and not for a commit that is in the cache. Throws a DualrateError of code
 * "model", or "interrupted" at the signal.
 */
export async function fetchModel(hub: HubOptions, asked: Asked, options: FetchOptions): Promise<FetchedModel> {
  const cache = new ModelCache(hub.cache, asked.id);
  try {
    const known = await cache.commitOf(asked.revision);
    const lacking = known === undefined ? ["all files"] : await cache.missing(known);
    const cached =
      known !== undefined && lacking.length === 0 ? { folder: cache.snapshot(known), commit: known } : undefined;
    if (cached && (hub.offline || isCommit(asked.revision))) return cached;
    if (hub.offline) throw notCached(hub, asked, lacking);
    return await fromHub(hub, asked, cache, cached, options);
  } catch (error) {
    throw asUserError(error, hub, asked, options.signal);
  }
}

async function fromHub(
  hub: HubOptions,
  asked: Asked,
  cache: ModelCache,
  cached: FetchedModel | undefined,
  options: FetchOptions,
): Promise<FetchedModel> {
  let info: ModelInfo;
  try {
    info = await patiently(hub, options.signal, () => modelInfo(hub, asked, options.signal));
  } catch (error) {
    if (!(error instanceof HubUnavailable && cached)) throw error;
    options.onEvent({ type: "unreachable", commit: cached.commit, reason: error.message });
    return cached;
  }
  const snapshot = new Snapshot(hub, asked.id, info, cache, options);
  await snapshot.download();
  await cache.setCommit(asked.revision, info.commit);
  return { folder: cache.snapshot(info.commit), commit: info.commit };
}

/** One commit's files on their way into the cache. */
class Snapshot {
  readonly #files: ReadonlyMap<string, RemoteFile>;

  constructor(
    readonly hub: HubOptions,
    readonly id: string,
    readonly info: ModelInfo,
    readonly cache: ModelCache,
    readonly options: FetchOptions,
  ) {
    this.#files = new Map(info.files.map((file) => [file.name, file]));
  }

  async download(): Promise<void> {
    const weights = [WEIGHTS_FILE, INDEX_FILE].find((name) => this.#files.has(name));
    const absent = REQUIRED_FILES.filter((name) => !this.#files.has(name));
    if (weights === undefined || absent.length > 0)
      throw this.#incomplete([...absent, ...(weights ? [] : [WEIGHTS_FILE])]);
    const extras = this.options.extras.filter((name) => this.#files.has(name));
    for (const name of [...extras, ...REQUIRED_FILES, weights]) await this.#get(name);
    if (weights === INDEX_FILE) for (const name of await this.#shards()) await this.#get(name);
  }

  async #get(name: string): Promise<void> {
    const file = this.#files.get(name);
    if (!file) throw this.#incomplete([name]);
    const { hub, id, cache, options } = this;
    const { commit } = this.info;
    if ((await sizeOf(join(cache.snapshot(commit), name))) === file.size) return;
    const { size } = file;
    const onProgress = (received: number) => options.onEvent({ type: "progress", file: name, received, size });
    const blob = cache.blob(file.hash);
    await downloadBlob(hub, { id, commit, file, blob, signal: options.signal, onProgress });
    await cache.link(commit, name, file.hash);
    options.onEvent({ type: "downloaded", file: name, size });
  }

  async #shards(): Promise<readonly string[]> {
    const index = join(this.cache.snapshot(this.info.commit), INDEX_FILE);
    try {
      return await readShards(index);
    } catch (cause) {
      const message = `${INDEX_FILE} of ${this.id} must give weight_map, from tensors to .safetensors files beside it`;
      throw new DualrateError("model", message, { hint: "Choose another model or revision.", cause });
    }
  }

  #incomplete(absent: readonly string[]): DualrateError {
    const { id } = this;
    const torch = absent.includes(WEIGHTS_FILE) && this.#files.has("pytorch_model.bin");
    const has = torch ? "; its weights are in pytorch_model.bin" : "";
    // The class whose weights have the head that the model was pretrained with.
    const hint =
      "Save it from Python, and name that folder, ./model, as the model: " +
      `python -c "from transformers import AutoModelForPreTraining as M, AutoTokenizer as T; ` +
      `M.from_pretrained('${id}').save_pretrained('model'); T.from_pretrained('${id}').save_pretrained('model')"`;
    return new DualrateError("model", `${id} has no ${absent.join(", no ")} on the hub${has}`, { hint });
  }
}

function notCached({ cache }: HubOptions, { id, revision }: Asked, lacking: readonly string[]): DualrateError {
  const message = `${id}@${revision} is not in the cache ${cache} (missing: ${lacking.join(", ")}), and HF_HUB_OFFLINE is set`;
  return new DualrateError("model", message, {
    hint: "Run once without HF_HUB_OFFLINE where the hub can be reached, or set HF_HOME to the folder that has the cache.",
  });
}

/** What the network and the disk do, in the user's words. */
function asUserError(error: unknown, hub: HubOptions, { id }: Asked, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return new DualrateError("interrupted", `the download of ${id} was stopped`, {
      hint: "The same command goes on with it.",
    });
  }
  if (error instanceof HubUnavailable) {
    return new DualrateError("model", `${id} could not be had from ${hub.endpoint}: ${error.message}`, {
      hint: "Check the connection and HF_ENDPOINT, and run the command again: it goes on where it stopped.",
      cause: error,
    });
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof DualrateError || code === undefined) return error;
  return new DualrateError("model", `${id} cannot be written to the cache ${hub.cache}: ${message}`, {
    hint: "Make room there, or set HF_HUB_CACHE to a folder where you may write.",
    cause: error,
  });
}
