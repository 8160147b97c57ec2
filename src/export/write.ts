// Writes a result where the user asked for it: whole or not at all, and never over something else by accident.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DualrateError, messageOf } from "../errors.js";

/** An error where the path exists, unless `force`. */
export function checkAbsent(path: string, force: boolean): void {
  if (force || !existsSync(path)) return;
  throw new DualrateError("usage", `${path} exists already`, {
    hint: "Choose another name, or replace it with --force.",
  });
}

/** Writes `text` under a temporary name, to the disk, and renames it to `file`. An existing file is an error unless `force`. */
export function writeResult(file: string, text: string, force: boolean): void {
  checkAbsent(file, force);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, text, { flush: true });
    renameSync(temporary, file);
  } catch (cause) {
    if (existsSync(temporary)) rmSync(temporary);
    const reason = messageOf(cause);
    throw new DualrateError("usage", `${file} cannot be written: ${reason}`, {
      hint: "Choose another place for it.",
      cause,
    });
  }
}
