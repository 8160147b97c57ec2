// `dualrate doctor`: the installation and the machine, a line a check, with what to do about each problem.
import { resolve } from "node:path";
import { probeEngines } from "../runner/engines.js";
import { databaseFaults, probeFolder } from "../store/health.js";
import * as checks from "./doctor/checks.js";
import { attempt, folderFacts, hubFacts, machineFacts, nearest, terminalFacts } from "./doctor/facts.js";
import { print, printJson } from "./output.js";
import type { ResultsOption } from "./studies-folder.js";

export interface DoctorOptions extends ResultsOption {
  /** Asks the hub too. */
  readonly online?: boolean;
  readonly json?: boolean;
}

/** Returns the exit status: 1 where there is a problem. */
export async function doctor({ results, online = false, json }: DoctorOptions): Promise<number> {
  const [engines, hub] = await Promise.all([probeEngines(), hubFacts(online)]);
  const machine = machineFacts();
  const folder = attempt(() => folderFacts(results));
  const found: readonly checks.Check[] = [
    checks.checkNode(process.version),
    checks.checkOnnx(engines.onnx),
    checks.checkSimd(engines.simd),
    checks.checkTensorflow(engines.tensorflow),
    checks.checkCores(machine),
    checks.checkMemory(machine),
    checks.checkFolder(folder),
    checks.checkSqlite(attempt(() => probeFolder(nearest(resolve(results))))),
    checks.checkDatabase(attempt(() => databaseFaults(results))),
    checks.checkTerminal(terminalFacts()),
    checks.checkHub(hub),
  ];
  if (json) printJson(found);
  else print([...found.flatMap(linesOf), summaryOf(found)]);
  return found.some(({ status }) => status === "problem") ? 1 : 0;
}

function linesOf({ name, status, message, hint }: checks.Check): readonly string[] {
  return [
    `${status.padEnd(8)} ${name.padEnd(10)} ${message}`,
    ...(hint === undefined ? [] : [`${" ".repeat(20)}${hint}`]),
  ];
}

function summaryOf(found: readonly checks.Check[]): string {
  const count = (of: checks.Check["status"]) => found.filter(({ status }) => status === of).length;
  return `${count("ok")} ok, ${count("warning")} to look at, ${count("problem")} that keep sweeps from running`;
}
