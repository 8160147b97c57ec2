// One file from the hub into the cache's blobs. Its bytes go to a file beside the blob, which gets the blob's name only once
// they are all there, match the hub's hash and are on the disk; what a stopped process left is gone on with.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DualrateError } from "../errors.js";
import { sizeOf } from "./cache.js";
import { chunksOf, HubUnavailable, openFile, patiently, type RemoteFile } from "./client.js";
import type { HubOptions } from "./options.js";

export interface Download {
  readonly id: string;
  readonly commit: string;
  readonly file: RemoteFile;
  /** Where it goes, named by its hash. */
  readonly blob: string;
  readonly signal: AbortSignal;
  /** Bytes that are there so far. */
  readonly onProgress: (received: number) => void;
}

/** Throws HubUnavailable, or a DualrateError of code "model" for bytes that are not the hub's. */
export async function downloadBlob(hub: HubOptions, download: Download): Promise<void> {
  const { blob, file, signal } = download;
  if ((await sizeOf(blob)) === file.size) return;
  await mkdir(dirname(blob), { recursive: true });
  const partial = await ownPartial(blob);
  const handle = await open(partial, "a");
  try {
    let received = 0;
    const onProgress = (bytes: number) => {
      received = bytes;
      download.onProgress(bytes);
    };
    await patiently(
      hub,
      signal,
      () => receive(hub, { ...download, onProgress }, handle),
      () => received,
    );
    await handle.sync();
  } finally {
    await handle.close();
  }
  if ((await hashOf(partial, file, signal)) !== file.hash) {
    await rm(partial, { force: true });
    throw corrupted(download, "its bytes do not have the hub's hash");
  }
  await rename(partial, blob);
}

/** Gets what the partial file lacks, from where it ends. */
async function receive(hub: HubOptions, download: Download, handle: FileHandle): Promise<void> {
  const { id, commit, file, signal, onProgress } = download;
  let { size } = await handle.stat();
  if (size === file.size) return onProgress(size);
  const response = await openFile(hub, { id, revision: commit, name: file.name }, size, signal);
  if (response.status !== 206) {
    await handle.truncate(0);
    size = 0;
  }
  if (response.status === 416) throw corrupted(download, "it ends before the size that the hub gives");
  for await (const chunk of chunksOf(response, signal)) {
    if (size + chunk.length > file.size) {
      await handle.truncate(0);
      throw corrupted(download, `it is larger than the ${file.size} bytes that the hub gives`);
    }
    await handle.appendFile(chunk);
    size += chunk.length;
    onProgress(size);
  }
  if (size < file.size) throw new HubUnavailable(`${file.name} ended after ${size} of ${file.size} bytes`);
}

function corrupted({ id, file }: Download, how: string): DualrateError {
  return new DualrateError("model", `${file.name} of ${id} did not arrive as it is on the hub: ${how}`, {
    hint: "Run the command again, which gets that file anew; if it fails again, check HF_ENDPOINT and proxies.",
  });
}

/** SHA-256 of a large (LFS) file, else git's: the SHA-1 of "blob SIZE\0" and the bytes. */
async function hashOf(path: string, { hash, size }: RemoteFile, signal: AbortSignal): Promise<string> {
  const hasher = hash.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
  await pipeline(createReadStream(path), hasher, { signal });
  return hasher.digest("hex");
}

/**
 * A name beside the blob for this process alone, since two may get the same file at once. Where a process of this machine that
 * has ended left a part of the blob, that becomes this one's; only one can rename it.
 */
async function ownPartial(blob: string): Promise<string> {
  const nameOf = (pid: number | string) => `${blob}.${hostname().replaceAll(/[^\w-]/g, "-")}-${pid}.incomplete`;
  const own = nameOf(process.pid);
  for (const name of await readdir(dirname(blob))) {
    const pid = /-(\d+)\.incomplete$/.exec(name)?.[1];
    if (pid === undefined || name !== basename(nameOf(pid)) || isRunning(Number(pid))) continue;
    const renamed = await rename(join(dirname(blob), name), own).then(
      () => true,
      () => false,
    );
    if (renamed) break;
  }
  return own;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
