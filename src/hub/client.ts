// Requests to the hub: what a model has, and its files' bytes. Every answer becomes data or a DualrateError that says what
// to do; what may pass by itself is a HubUnavailable, and is tried again.
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { DualrateError, messageOf } from "../errors.js";
import type { HubOptions } from "./options.js";

/** No connection, or an answer that says "later". */
export class HubUnavailable extends Error {
  override readonly name = "HubUnavailable";
}

/** A file as the hub describes it. */
export interface RemoteFile {
  readonly name: string;
  readonly size: number;
  /** Its name among the cache's blobs: the SHA-256 of large (LFS) files, 64 digits; git's SHA-1 of all others, 40. */
  readonly hash: string;
}

export interface ModelInfo {
  readonly commit: string;
  readonly files: readonly RemoteFile[];
}

/** What of which model is asked for. */
export interface Asked {
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const SHA_1 = z.string().regex(/^[0-9a-f]{40}$/);
const INFO = z.object({
  sha: SHA_1,
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.number().int().nonnegative(),
      blobId: SHA_1,
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }).nullish(),
    }),
  ),
});

/**
 * The commit that a revision stands for, and the sizes and hashes of its files: one request, as huggingface_hub's
 * `model_info(files_metadata=True)` makes it. Throws HubUnavailable or a DualrateError of code "model".
 */
export async function modelInfo(hub: HubOptions, asked: Asked, signal: AbortSignal): Promise<ModelInfo> {
  const path = `api/models/${asked.id}/revision/${encodeURIComponent(asked.revision)}?blobs=true`;
  const response = await request(hub, path, asked, signal);
  const text = await reading(response.text(), signal);
  const parsed = INFO.safeParse(jsonOf(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DualrateError("model", `${hub.endpoint} does not describe ${asked.id} as the hub does: ${at(issue)}`, {
      hint: "Unset HF_ENDPOINT, or set it to a full mirror of the Hugging Face hub.",
    });
  }
  const files = parsed.data.siblings.map(({ rfilename: name, size, blobId, lfs }) => {
    return { name, size, hash: lfs?.sha256 ?? blobId };
  });
  return { commit: parsed.data.sha, files };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function at(issue: z.core.$ZodIssue | undefined): string {
  return `${issue?.path.join(".") || "its answer"}: ${issue?.message}`;
}

/** A file's bytes from `start` on; the answer's status is 206, 200 where they begin at 0 all the same, or 416. */
export function openFile(
  hub: HubOptions,
  { id, revision, name }: Asked & { readonly name: string },
  start: number,
  signal: AbortSignal,
): Promise<Response> {
  return request(hub, `${id}/resolve/${revision}/${name}`, { id, revision }, signal, {
    // Ranges and sizes are of the file itself.
    "accept-encoding": "identity",
    ...(start > 0 && { range: `bytes=${start}-` }),
  });
}

/** Follows redirects; fetch sends the token to none of another origin. */
async function request(
  { endpoint, token }: HubOptions,
  path: string,
  asked: Asked,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = fetch(`${endpoint}/${path}`, { headers: { ...headers, ...authorization }, signal });
  const response = await reading(sent, signal);
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  throw refusal(response, asked, endpoint);
}

/** What the network does wrong, as HubUnavailable; a stop stays what it is. */
async function reading<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    throw new HubUnavailable(reasonOf(error), { cause: error });
  }
}

/** fetch says "fetch failed" or "terminated", and the reason in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return (cause instanceof Error && cause.message) || code || messageOf(error);
}

/** The body as it comes. */
export async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reading(reader.read(), signal);
      if (done) return;
      yield value;
    }
  } finally {
    // Where the reader of these leaves early.
    await reader.cancel().catch(() => {});
  }
}

function refusal({ status, headers }: Response, asked: Asked, endpoint: string): Error {
  if (status >= 500 || status === 429 || status === 408) return new HubUnavailable(`it answered with status ${status}`);
  const { id, revision } = asked;
  const code = headers.get("x-error-code");
  if (code === "GatedRepo" || status === 403) {
    return new DualrateError(
      "model",
      `${id} is only for those who may read it; the hub answered with status ${status}`,
      {
        hint: `Accept its licence at ${endpoint}/${id}, and set HF_TOKEN to a token of that account.`,
      },
    );
  }
  if (code === "RevisionNotFound") {
    return new DualrateError("model", `${id} has no revision "${revision}" on the hub`, {
      hint: `Name one of ${endpoint}/${id}/commits/main, or leave @${revision} out.`,
    });
  }
  // Without a token the hub says 401 of what is not there, so as not to tell which private models there are.
  if (status === 404 || status === 401) {
    return new DualrateError("model", `the hub has no model ${id} that you may read (${endpoint}, status ${status})`, {
      hint: "Correct its name; for a private model set HF_TOKEN; a local folder's path is relative to the sweep file.",
    });
  }
  return new DualrateError("model", `the hub answered the request for ${id} with status ${status} (${endpoint})`, {
    hint: "Check HF_ENDPOINT, or get the model's folder in another way and name that.",
  });
}

/** Tries without progress before a HubUnavailable is thrown on. */
const TRIES = 5;

/** Runs `work`, and again after a HubUnavailable, with longer and longer waits as long as `progress` stays the same. */
export async function patiently<T>(
  { retryDelay }: HubOptions,
  signal: AbortSignal,
  work: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let [failures, reached] = [0, progress()];
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HubUnavailable)) throw error;
      failures = progress() > reached ? 1 : failures + 1;
      reached = progress();
      if (failures === TRIES) throw error;
      await setTimeout(retryDelay * 2 ** (failures - 1), undefined, { signal });
    }
  }
}
