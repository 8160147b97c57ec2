// The cache in Hugging Face's own layout, so that Python and dualrate share it:
// models--ORG--NAME/{blobs/HASH, refs/REVISION, snapshots/COMMIT/FILE -> ../../blobs/HASH}.
// https://huggingface.co/docs/huggingface_hub/guides/manage-cache
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** The files without which a model is of no use, its weights aside. */
export const REQUIRED_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json"] as const;
export const WEIGHTS_FILE = "model.safetensors";
/** Of weights in several files: `weight_map` says which one holds each tensor. */
export const INDEX_FILE = `${WEIGHTS_FILE}.index.json`;

/** One model's part of the cache. */
export class ModelCache {
  readonly #folder: string;

  constructor(cache: string, id: string) {
    this.#folder = join(cache, `models--${id.replaceAll("/", "--")}`);
  }

  blob(hash: string): string {
    return join(this.#folder, "blobs", hash);
  }

  snapshot(commit: string): string {
    return join(this.#folder, "snapshots", commit);
  }

  /** The commit that a branch or tag stood for when it was last asked for; a commit is itself. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const text = await readFile(this.#ref(revision), "utf8").catch(() => "");
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  async setCommit(revision: string, commit: string): Promise<void> {
    if (isCommit(revision) || (await this.commitOf(revision)) === commit) return;
    const ref = this.#ref(revision);
    const temporary = `${ref}.${process.pid}.tmp`;
    await mkdir(dirname(ref), { recursive: true });
    await writeFile(temporary, commit);
    await rename(temporary, ref);
  }

  #ref(revision: string): string {
    return join(this.#folder, "refs", revision);
  }

  /** Puts a blob into a commit's snapshot. */
  async link(commit: string, name: string, hash: string): Promise<void> {
    const pointer = join(this.snapshot(commit), name);
    await mkdir(dirname(pointer), { recursive: true });
    await rm(pointer, { force: true });
    try {
      await symlink(relative(dirname(pointer), this.blob(hash)), pointer);
    } catch (error) {
      // EEXIST: another process has just done the same. EPERM: Windows, where links take a right of their own.
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPERM") await copyFile(this.blob(hash), pointer);
      else if (code !== "EEXIST") throw error;
    }
  }

  /** The files that a commit's snapshot lacks for being used; the names of shards are the index's. */
  async missing(commit: string): Promise<readonly string[]> {
    const lacking = async (names: readonly string[]) => {
      const sizes = await Promise.all(names.map((name) => sizeOf(join(this.snapshot(commit), name))));
      return names.filter((_, i) => sizes[i] === undefined);
    };
    const small = await lacking(REQUIRED_FILES);
    if ((await lacking([WEIGHTS_FILE])).length === 0) return small;
    const shards = await readShards(join(this.snapshot(commit), INDEX_FILE)).catch(() => [WEIGHTS_FILE]);
    return [...small, ...(await lacking(shards))];
  }
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** In bytes; undefined where there is no such file. */
export async function sizeOf(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

/** The names of an index's shards, each of one file beside it. Throws where it is no such index. */
export async function readShards(index: string): Promise<readonly string[]> {
  const { weight_map: map } = JSON.parse(await readFile(index, "utf8")) as { readonly weight_map?: unknown };
  const names = [...new Set<unknown>(Object.values(map ?? {}))];
  if (names.length > 0 && names.every((name) => typeof name === "string" && /^\w[\w.-]*\.safetensors$/.test(name))) {
    return names as readonly string[];
  }
  throw new Error(`${INDEX_FILE} must give weight_map, from tensors to .safetensors files beside it`);
}
