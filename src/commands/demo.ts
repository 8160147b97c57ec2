// `dualrate demo`: the demo sweep that comes with the program, copied to where it can be read and changed, and run there.
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DualrateError } from "../errors.js";
import { note } from "./output.js";
import { type RunOptions, run } from "./run.js";

export interface DemoOptions extends RunOptions {
  /** Replace the demo's files in a folder that is not empty; others stay. */
  readonly force?: boolean;
}

const SWEEPS = fileURLToPath(new URL("../../sweeps/", import.meta.url));
const SCHEMA = "sweep.schema.json";
/** How the demo is made stays behind: that needs the program's sources. */
const COPIED = ["README.md", "train.jsonl", "valid.jsonl", "model"];

/** Copies the demo into `folder`, and runs it with `run`'s options. Returns `run`'s exit status. */
export async function demo(folder: string, options: DemoOptions): Promise<number> {
  const file = join(folder, "sweep.yaml");
  if (!options.force) refuseFilled(folder, file);
  try {
    copyDemo(folder, file);
  } catch (error) {
    throw new DualrateError("usage", `the demo cannot be copied to ${folder}: ${(error as Error).message}`, {
      hint: "Name a folder that can be written: dualrate demo DIR.",
      cause: error,
    });
  }
  note(`The demo is in ${folder}: its README.md says what it shows. Running ${file} ...`);
  return run(file, options);
}

/** A folder that holds something is somebody's work, or an earlier demo, which need not be copied again. */
function refuseFilled(folder: string, file: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined || (stats.isDirectory() && readdirSync(folder).length === 0)) return;
  if (!stats.isDirectory()) {
    throw new DualrateError("usage", `the demo takes a folder; ${folder} is a file`, { hint: "Name another." });
  }
  const resume = statSync(file, { throwIfNoEntry: false }) ? `dualrate run ${file} runs what is there; ` : "";
  throw new DualrateError("usage", `the demo takes a new or an empty folder; ${folder} holds files`, {
    hint: `${resume}dualrate demo DIR takes another folder, --force replaces the demo's files in this one.`,
  });
}

/** The sweep file names its schema, for editors: that comes along, and lies beside it. */
function copyDemo(folder: string, file: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of COPIED) cpSync(join(SWEEPS, "demo", name), join(folder, name), { recursive: true });
  cpSync(join(SWEEPS, SCHEMA), join(folder, SCHEMA));
  const sweep = readFileSync(join(SWEEPS, "demo", "sweep.yaml"), "utf8");
  writeFileSync(file, sweep.replace(`../${SCHEMA}`, SCHEMA));
}
