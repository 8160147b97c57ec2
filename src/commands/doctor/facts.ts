// What the doctor asks of the machine. Nothing here stays on the disk.
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { canShowDashboard } from "../../dashboard/screen.js";
import { DualrateError, messageOf } from "../../errors.js";
import { hubOptions } from "../../hub/options.js";
import type { Outcome } from "../../runner/engines.js";
import { thisMachine } from "../../runner/workers.js";
import type { FailedProbe, FolderFacts, HubFacts, MachineFacts, TerminalFacts } from "./checks.js";

/** The result of `probe`, or what its DualrateError says. */
export function attempt<Result>(probe: () => Result): Result | FailedProbe {
  try {
    return probe();
  } catch (error) {
    return { message: messageOf(error), hint: error instanceof DualrateError ? error.hint : undefined };
  }
}

export function machineFacts(): MachineFacts {
  const limit = process.constrainedMemory();
  const memoryLimit = limit > 0 && limit < totalmem() ? limit : undefined;
  return { ...thisMachine(), memoryLimit, quota: cpuQuota(readText("/sys/fs/cgroup/cpu.max")) };
}

/** Of cgroup v2's cpu.max, "200000 100000": 2 cores; "max 100000" is none. */
export function cpuQuota(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota && period ? quota / period : undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

export function folderFacts(folder: string): FolderFacts {
  const there = nearest(resolve(folder));
  const { bavail, bsize, type } = statfsSync(there);
  const refusal = refusalOf(there);
  return { folder, exists: existsSync(folder), refusal, free: bavail * bsize, network: NETWORKS.get(type) };
}

/** The folder, or the next one above it that is there. */
export function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

function refusalOf(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** statfs(2)'s magic numbers. */
const NETWORKS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9p"],
  [0x0bd00bd0, "Lustre"],
  [0x00c36400, "Ceph"],
]);

export function terminalFacts(): TerminalFacts {
  const { stdout, stdin, env } = process;
  return {
    isTty: stdout.isTTY === true,
    columns: stdout.columns,
    rows: stdout.rows,
    colorBits: stdout.isTTY ? stdout.getColorDepth() : 1,
    canDraw: canShowDashboard(stdout, stdin, env),
    env,
  };
}

export async function hubFacts(online: boolean): Promise<HubFacts | FailedProbe> {
  const options = attempt(() => hubOptions(process.env));
  if ("message" in options) return options;
  const { endpoint, token, offline, cache } = options;
  const answer = online && !offline ? await reach(endpoint) : undefined;
  return { endpoint, hasToken: token !== undefined, offline, cache, refusal: refusalOf(nearest(cache)), answer };
}

const REACH_LIMIT = 5000; // milliseconds

/** Whether anything answers; without the token, which this does not need. */
export async function reach(endpoint: string, limit = REACH_LIMIT): Promise<Outcome> {
  try {
    const { status } = await fetch(endpoint, { method: "HEAD", signal: AbortSignal.timeout(limit) });
    return { works: status < 500, message: `status ${status}` };
  } catch (error) {
    const { cause } = error as { readonly cause?: unknown };
    return { works: false, message: messageOf(cause ?? error) };
  }
}
