// `dualrate gc`: removes the files of trials that nobody needs any more, and, where it is asked to, whole studies.
import { join, relative } from "node:path";
import { createInterface } from "node:readline/promises";
import { DualrateError } from "../errors.js";
import { formatBytes, plural } from "../report/format.js";
import { type GarbageFile, garbageIn, orphanFolders, removeEmptyFolders, removeFile } from "../runner/garbage.js";
import { untested } from "../runner/test-split.js";
import type { StoreReader, StoreWriter, StudyOwner, StudyRecord } from "../store/records.js";
import { openWriter } from "../store/writer.js";
import { note, print, printJson } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface GcOptions extends ResultsOption {
  /** Says what would be removed, and removes nothing. */
  readonly dryRun?: boolean;
  /** Folders too whose study is not in the database. */
  readonly orphans?: boolean;
  /** The study to remove with all that is stored of it. */
  readonly delete?: string;
  /** Does not ask before it deletes. */
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface Collected {
  readonly files: readonly (GarbageFile & { readonly study: string })[];
  /** What stays although it was asked for, and why. */
  readonly kept: readonly { readonly study: string; readonly reason: string }[];
  /** The study that is deleted. */
  readonly deleted?: string;
}

/** Returns the exit status: 1 where a file could not be removed or a study not be deleted. */
export async function gc(name: string | undefined, options: GcOptions): Promise<number> {
  if (name !== undefined && (options.orphans || options.delete !== undefined)) {
    throw new DualrateError("usage", `--${options.orphans ? "orphans" : "delete"} does not go with a study's name`, {
      hint: "Run dualrate gc twice: once for the study, once with the option.",
    });
  }
  const collected = await withReader(options, async (reader) => {
    if (options.delete !== undefined) return deleteStudy(findStudy(reader, options.delete, options), reader, options);
    const studies = name === undefined ? reader.studies() : [findStudy(reader, name, options)];
    const orphans = options.orphans ? orphansOf(reader, options) : [];
    return collect(
      studies.map(({ study }) => study),
      orphans,
      reader,
      options,
    );
  });
  tell(collected, options);
  return collected.kept.some(({ reason }) => !reason.startsWith(HELD)) ? 1 : 0;
}

function collect(
  studies: readonly StudyRecord[],
  orphans: Collected["files"],
  reader: StoreReader,
  options: GcOptions,
): Collected {
  const parts = withLeases(options, (writer) =>
    studies.map((study) =>
      underLease(study, writer, reader, () => removed(garbageOf(study, reader, options), options)),
    ),
  );
  const own = removed(orphans, options);
  if (!options.dryRun) for (const { study } of orphans) removeEmptyFolders(join(options.results, study));
  const all = [...parts, own];
  return { files: all.flatMap(({ files }) => files), kept: all.flatMap(({ kept }) => kept) };
}

function garbageOf(study: StudyRecord, reader: StoreReader, { results }: GcOptions): Collected["files"] {
  const { id, name, sweep } = study;
  const trials = reader.trials(id);
  const garbage = garbageIn(join(results, name), trials, sweep.metric.goal, untested(study, trials, reader.tests(id)));
  return garbage.map((file) => ({ ...file, study: name }));
}

function orphansOf(reader: StoreReader, { results }: GcOptions): Collected["files"] {
  const known = new Set(reader.studies().map(({ study }) => study.name));
  return orphanFolders(results, known).flatMap((study) =>
    allFiles(results, study, "of a study that is not in the database"),
  );
}

/** All files of a study's trials. */
function allFiles(results: string, study: string, reason: string): Collected["files"] {
  const files = garbageIn(join(results, study), [], "minimize");
  return files.map((file) => ({ ...file, study, reason }));
}

async function deleteStudy(
  { study, counts }: ReturnType<typeof findStudy>,
  reader: StoreReader,
  options: GcOptions,
): Promise<Collected> {
  const trials = Object.values(counts).reduce((sum, n) => sum + n, 0);
  if (!options.dryRun && !options.yes && !(await isConfirmed(study.name, trials))) {
    return { files: [], kept: [{ study: study.name, reason: "its deletion was not confirmed" }] };
  }
  return withLeases(options, (writer) =>
    underLease(study, writer, reader, () => {
      writer?.deleteStudy(study.id);
      const freed = removed(allFiles(options.results, study.name, "of the study that is deleted"), options);
      if (writer) removeEmptyFolders(join(options.results, study.name));
      return { ...freed, deleted: study.name };
    }),
  );
}

async function isConfirmed(name: string, trials: number): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new DualrateError("usage", `deleting ${name} with its ${plural(trials, "trial")} must be confirmed`, {
      hint: "Add --yes; --dry-run says what would be removed.",
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Delete ${name} with its ${plural(trials, "trial")} for good? y/N `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** With a writer, unless nothing is to be changed. */
function withLeases<Result>({ results, dryRun }: GcOptions, work: (writer: StoreWriter | undefined) => Result): Result {
  const writer = dryRun ? undefined : openWriter(results);
  try {
    return work(writer);
  } finally {
    writer?.close();
  }
}

const HELD = "in use by";

/** Holds the study meanwhile, so that no run of it begins; leaves alone what a living process runs. */
function underLease(
  study: StudyRecord,
  writer: StoreWriter | undefined,
  reader: StoreReader,
  work: () => Collected,
): Collected {
  const owner = writer ? writer.acquireLease(study.id, 0) : reader.study(study.name)?.owner;
  if (owner) return { files: [], kept: [{ study: study.name, reason: heldBy(owner) }] };
  const done = work();
  if (done.deleted === undefined) writer?.releaseLease(study.id);
  return done;
}

function heldBy({ pid, host }: StudyOwner): string {
  return `${HELD} process ${pid} on ${host}`;
}

function removed(files: Collected["files"], { dryRun }: GcOptions): Collected {
  if (dryRun) return { files, kept: [] };
  const failed = new Map(files.map((file) => [file, removeFile(file.file)]));
  return {
    files: files.filter((file) => failed.get(file) === undefined),
    kept: [...failed].flatMap(([{ study }, reason]) => (reason === undefined ? [] : [{ study, reason }])),
  };
}

function tell({ files, kept, deleted }: Collected, { results, dryRun = false, json }: GcOptions): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (json) {
    const listed = files.map((file) => ({ ...file, file: relative(results, file.file) }));
    printJson({ dryRun, deleted: deleted ?? null, freedBytes: bytes, files: listed, kept });
    return;
  }
  for (const { study, reason } of kept) note(`${study} is left alone: ${reason}`);
  const word = dryRun ? "would be " : "";
  const lines = files.map(
    ({ file, bytes: size, reason }) => `${relative(results, file)}  ${formatBytes(size)}, ${reason}`,
  );
  if (deleted !== undefined) lines.push(`${deleted} ${word}deleted from the database`);
  print([...lines, `${plural(files.length, "file")}, ${formatBytes(bytes)}, ${word}removed`]);
}
