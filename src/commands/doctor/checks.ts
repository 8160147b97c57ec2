// The doctor's checks: from facts to a line each, with what to do where it is no "ok". They ask nothing of the machine.
import { formatBytes, plural } from "../../report/format.js";
import type { Outcome } from "../../runner/engines.js";

export interface Check {
  readonly name: string;
  /** A `warning` costs something, a `problem` keeps sweeps from running. */
  readonly status: "ok" | "warning" | "problem";
  readonly message: string;
  /** What to do; absent for ok. */
  readonly hint?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

function ok(name: string, message: string): Check {
  return { name, status: "ok", message };
}

function warning(name: string, message: string, hint: string): Check {
  return { name, status: "warning", message, hint };
}

function problem(name: string, message: string, hint: string): Check {
  return { name, status: "problem", message, hint };
}

/** package.json's `engines`: the lowest minor version of each major one; later majors are all good. */
const NODE = new Map([
  [20, 19],
  [22, 12],
]);

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const good = major >= 24 || minor >= (NODE.get(major) ?? Number.POSITIVE_INFINITY);
  if (good) return ok("node", version);
  return problem("node", `${version}; dualrate needs 20.19 or later, 22.12 or later, or 24`, "Install Node 22 or 24.");
}

const REINSTALL = "Install the packages again on this machine: npm ci, or npm i dualrate.";

export function checkOnnx({ works, message }: Outcome): Check {
  if (works) return ok("onnx", message);
  return problem(
    "onnx",
    `onnxruntime-node does not work: ${message}`,
    `${REINSTALL} On Linux it is made for glibc: not for Alpine.`,
  );
}

export function checkSimd({ works, message }: Outcome): Check {
  if (works) return ok("simd", message);
  return problem(
    "simd",
    `the SIMD kernels do not work: ${message}`,
    `From a checkout: npm run build. Else: ${REINSTALL}`,
  );
}

/** Nothing needs it. */
export function checkTensorflow({ works, message }: Outcome): Check {
  return ok("tensorflow", works ? message : `not there, and not needed (${message})`);
}

export interface MachineFacts {
  readonly cores: number;
  /** Cores' worth of time that the container may take; undefined without a limit. */
  readonly quota: number | undefined;
  /** Bytes that are free for workers. */
  readonly memory: number;
  /** Bytes that the container may take; undefined without a limit. */
  readonly memoryLimit: number | undefined;
}

const LITTLE_MEMORY = 2 ** 30;

export function checkCores({ cores, quota }: Pick<MachineFacts, "cores" | "quota">): Check {
  const message = `${plural(cores, "core")}: as many trials at once, where memory allows`;
  if (quota === undefined || quota >= cores) return ok("cores", message);
  const most = Math.max(1, Math.floor(quota));
  return warning(
    "cores",
    `${plural(cores, "core")}, of which the container may use ${Number(quota.toFixed(2))}`,
    `Start sweeps with --workers ${most}: more would wait for each other.`,
  );
}

export function checkMemory({ memory, memoryLimit }: Pick<MachineFacts, "memory" | "memoryLimit">): Check {
  const limit = memoryLimit === undefined ? "" : `, of a container's ${formatBytes(memoryLimit)}`;
  const message = `${formatBytes(Math.max(0, memory))} free${limit}`;
  if (memory >= LITTLE_MEMORY) return ok("memory", message);
  return warning("memory", message, "Close other programs: a trial of a small BERT takes about a gibibyte.");
}

export interface FolderFacts {
  readonly folder: string;
  /** Whether it is there; else the next one above it counts. */
  readonly exists: boolean;
  /** Why nothing can be written there; undefined where it can. */
  readonly refusal: string | undefined;
  /** Bytes. */
  readonly free: number;
  /** `NFS`, where the file system is one of a network. */
  readonly network: string | undefined;
}

const LITTLE_SPACE = 2 ** 30;
const NO_SPACE = 50 * 2 ** 20;

export function checkFolder(facts: FolderFacts | FailedProbe): Check {
  if ("message" in facts) return problem("results", facts.message, "Give another folder with --results.");
  const { folder, exists, refusal, free, network } = facts;
  const where = exists ? folder : `${folder} (not there yet)`;
  const another = "Give another folder with --results.";
  if (refusal !== undefined) return problem("results", `${where} cannot be written: ${refusal}`, another);
  const message = `${where} can be written, ${formatBytes(free)} free`;
  if (free < NO_SPACE) return problem("results", message, `Make room: dualrate gc. ${another}`);
  if (network !== undefined) {
    const hint = `Several hosts must not use it at once, and locks may fail: prefer a local disk. ${another}`;
    return warning("results", `${message}; it is on ${network}`, hint);
  }
  if (free >= LITTLE_SPACE) return ok("results", message);
  return warning(
    "results",
    message,
    `Make room: dualrate gc. A checkpoint takes three times the model's size. ${another}`,
  );
}

/** `journal`: as SQLite names the one that it uses there. */
export function checkSqlite(facts: { readonly version: string; readonly journal: string } | FailedProbe): Check {
  if ("message" in facts) return problem("sqlite", facts.message, facts.hint ?? REINSTALL);
  const message = `SQLite ${facts.version} writes and reads at once there (${facts.journal})`;
  if (facts.journal === "wal") return ok("sqlite", message);
  return problem(
    "sqlite",
    message,
    "The file system has no write-ahead log. Give a folder on a local disk with --results.",
  );
}

/** What a caught DualrateError says. */
export interface FailedProbe {
  readonly message: string;
  readonly hint: string | undefined;
}

/** `faults`: integrity_check's, undefined where there is no database. */
export function checkDatabase(faults: readonly string[] | undefined | FailedProbe): Check {
  if (faults === undefined) return ok("database", "none yet; the first run makes it");
  if ("message" in faults)
    return problem("database", faults.message, faults.hint ?? "Give another folder with --results.");
  if (faults.length === 0) return ok("database", "whole (integrity_check)");
  return problem(
    "database",
    `damaged: ${faults.join("; ")}`,
    "Keep a copy of it, restore an older one, or give another folder with --results.",
  );
}

export interface TerminalFacts {
  readonly isTty: boolean;
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** Bits of colour, as Node counts them from the terminal's name: 1, 4, 8 or 24. */
  readonly colorBits: number;
  /** Whether the dashboard can be drawn: no CI, no dumb terminal. */
  readonly canDraw: boolean;
  readonly env: Environment;
}

export function checkTerminal({ isTty, columns = 0, rows = 0, colorBits, canDraw, env }: TerminalFacts): Check {
  if (!isTty) return ok("terminal", "none: sweeps tell their progress in plain lines");
  if (!canDraw) {
    return warning(
      "terminal",
      "a dumb one, or one of a CI: no dashboard, plain lines",
      "Set TERM (xterm-256color, say) and unset CI.",
    );
  }
  const colours = env.NO_COLOR ? "no colours (NO_COLOR)" : (COLOURS[colorBits] ?? "no colours");
  const message = `${columns} x ${rows}, ${colours}, ${isUnicode(env) ? "Unicode" : "no Unicode"}`;
  if (columns < 40 || rows < 10)
    return warning("terminal", message, "Make it 40 x 10 or larger: below, there is one line of status.");
  if (isUnicode(env)) return ok("terminal", message);
  return warning("terminal", message, "Use --ascii, or set LANG to a UTF-8 locale such as C.UTF-8.");
}

const COLOURS: Readonly<Record<number, string>> = { 4: "16 colours", 8: "256 colours", 24: "16 million colours" };

function isUnicode({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}

export interface HubFacts {
  readonly endpoint: string;
  readonly hasToken: boolean;
  readonly offline: boolean;
  readonly cache: string;
  /** Why nothing can be written to the cache. */
  readonly refusal: string | undefined;
  /** What the endpoint answered; undefined where it was not asked. */
  readonly answer: Outcome | undefined;
}

export function checkHub(facts: HubFacts | FailedProbe): Check {
  if ("message" in facts) return problem("hub", facts.message, facts.hint ?? "See HF_ENDPOINT and HF_TOKEN.");
  const { endpoint, hasToken, offline, cache, refusal, answer } = facts;
  const reach = offline ? "offline (HF_HUB_OFFLINE)" : `${endpoint}${answer?.works ? " answers" : ""}`;
  const message = `${reach}, ${hasToken ? "with" : "no"} token, cache ${cache}`;
  if (refusal !== undefined) {
    const hint = "Set HF_HUB_CACHE to a folder that can be written; models of local folders need none.";
    return warning("hub", `${message} cannot be written: ${refusal}`, hint);
  }
  if (answer === undefined || answer.works) return ok("hub", message);
  const hint =
    "Check the network, HF_ENDPOINT and (Node 24) NODE_USE_ENV_PROXY=1; models in the cache and in folders work without.";
  return warning("hub", `${message}; it cannot be reached: ${answer.message}`, hint);
}
