// `dualrate run`: a sweep from its file to its ranking. Inputs are checked before anything is stored.
import { availableParallelism, hostname } from "node:os";
import { endingLines } from "../dashboard/ending.js";
import { formatClock, resultsFlag, shortPath } from "../dashboard/format.js";
import { followPlainly } from "../dashboard/plain.js";
import { StudyWatch } from "../dashboard/watch.js";
import { DualrateError } from "../errors.js";
import { createPruner, createSampler } from "../planner/planner.js";
import { rungWarning } from "../planner/rung-warning.js";
import type { History } from "../planner/sampler.js";
import { createStudyPlan, type StudyPlan } from "../planner/study-plan.js";
import { plural } from "../report/format.js";
import { isRetriable } from "../report/ranking.js";
import type { Executor } from "../runner/executor.js";
import { createHostExecutor } from "../runner/host-executor.js";
import { StopSignal } from "../runner/stop.js";
import { runStudy, type StudyEnd } from "../runner/study.js";
import { untested } from "../runner/test-split.js";
import { TrialFiles } from "../runner/trial-files.js";
import { checkMemory, defaultWorkers } from "../runner/workers.js";
import type { StoreReader, StoreWriter, StudyOwner, StudyRecord } from "../store/records.js";
import { openWriter } from "../store/writer.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import type { Sweep } from "../sweep/settings.js";
import { readSweep } from "../sweep/sweep-file.js";
import { type Trial, trialSeed } from "../sweep/trial.js";
import { resolveConfig } from "../trainer/config.js";
import { enqueuedByFlags, newTrials } from "./enqueue.js";
import { type PreparedSweep, placed, prepareInputs } from "./inputs.js";
import { note, print } from "./output.js";
import { Signals } from "./signals.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";
import { askedWarmStart, warmStarted } from "./warm-start.js";
import { plainOptions, type ViewOptions, wantsDashboard, watchStudy } from "./watch.js";

export interface RunOptions extends ResultsOption, ViewOptions {
  /** As many as cores and memory allow where none is given. */
  readonly workers?: number;
  /** Starts although the estimated memory is not free. */
  readonly overcommit?: boolean;
  /** Failed trials make the exit status 3. */
  readonly strict?: boolean;
  /** Failed trials, diverged ones aside, run again. */
  readonly retryFailed?: boolean;
  /** Configurations to run next, as `name=value,...`. */
  readonly enqueue?: readonly string[];
  /** Goes on with a stored study whose file says more trials, more budget or another space. */
  readonly extend?: boolean;
  /** The study whose trials choose the first configurations, as `STUDY` or `FOLDER:STUDY`. */
  readonly warmStart?: string;
}

type Ending = Pick<StudyEnd, "reason" | "failed" | "message">;

/** How far `run` came with a study. */
type Result =
  | { readonly kind: "already-finished"; readonly study: StudyRecord; readonly end: Ending }
  | { readonly kind: "taken"; readonly study: StudyRecord; readonly owner: StudyOwner }
  | { readonly kind: "ended"; readonly study: StudyRecord; readonly end: Ending };

/** Returns the exit status. */
export async function run(file: string, options: RunOptions): Promise<number> {
  const stated = askedWarmStart(readSweep(file), options);
  enqueuedByFlags(stated, options.enqueue ?? []);
  const stop = new StopSignal();
  const executor = createHostExecutor({ workers: options.workers ?? availableParallelism() });
  let prepared = false;
  const signals = new Signals((signal) => {
    stop.request(signal === "SIGINT" && stop.level === "none" ? "drain" : "now");
    if (!prepared) void executor.close(true);
  });
  let result: Result;
  try {
    const { sweep, summary } = await prepare(stated, file, executor);
    prepared = true;
    result = await runStored(sweep, summary, executor, stop, options);
  } catch (error) {
    if (!(error instanceof DualrateError && error.code === "interrupted" && signals.exitStatus)) throw error;
    note(`stopped before the first trial; start again: dualrate run ${shortPath(file)}${resultsFlag(options.results)}`);
    return signals.exitStatus;
  } finally {
    await executor.close(true);
    signals.release();
  }
  return finish(result, signals.exitStatus, options);
}

/** Checks the inputs, and the first configuration too: settings that no trial can meet are an error now. */
async function prepare(stated: Sweep, file: string, executor: Executor): Promise<PreparedSweep> {
  const { sweep, summary } = await prepareInputs(stated, file, executor);
  const first = createSampler(sweep).suggest(sweep.space, historyOf(sweep, []), 1);
  const facts = { seed: trialSeed(sweep.seed, 0), trainExamples: summary.trainExamples };
  if (first) await placed(file, () => resolveConfig(sweep.settings, first, facts));
  await placed(file, () => createPruner(sweep, summary.trainExamples));
  const rungs = rungWarning(sweep, summary.trainExamples);
  note(...[...summary.warnings, ...(rungs ? [rungs] : [])].map((warning) => `warning: ${warning}`));
  return { sweep, summary };
}

async function runStored(
  prepared: Sweep,
  summary: PreparedSummary,
  executor: Executor,
  stop: StopSignal,
  options: RunOptions,
): Promise<Result> {
  const writer = openWriter(options.results);
  try {
    return await withReader(options, async (reader): Promise<Result> => {
      const { study, plan } = await openStudy(prepared, summary, writer, reader, options);
      const { sweep } = study;
      const { counts, owner: running } = findStudy(reader, study.name, options);
      // It needs neither memory nor anything to be left to do.
      if (running) return taken(study, running, writer);
      const trials = reader.trials(study.id);
      const retried = options.retryFailed ? trials.filter(isRetriable).length : 0;
      const enqueued = enqueuedByFlags(sweep, options.enqueue ?? []);
      const nothingNew = retried === 0 && newTrials(sweep, enqueued, trials).length === 0;
      const isRun =
        trials.every((trial) => "endedAt" in trial) && plan.next(historyOf(sweep, trials), trials) === undefined;
      const isOver = isRun && untested(study, trials, reader.tests(study.id)).length === 0;
      if (isOver && nothingNew) {
        const isFree = writer.acquireLease(study.id, 1) === undefined;
        if (isFree) new TrialFiles(options.results, study.name).clear(trials, sweep.metric.goal);
        const message = finishedText(study, counts.failed, options);
        return { kind: "already-finished", study, end: { reason: "finished", failed: counts.failed, message } };
      }
      const workers = options.workers ?? defaultWorkers(summary, study.plannedTrials);
      if (!options.overcommit) checkMemory(summary, workers);
      const owner = writer.acquireLease(study.id, workers);
      if (owner) return taken(study, owner, writer);
      const retrials = options.retryFailed ? writer.requeueFailed(study.id) : [];
      if (options.retryFailed) note(retryText(retrials));
      // As they are now that nobody else runs it.
      for (const trial of newTrials(sweep, enqueued, reader.trials(study.id, trials))) writer.addTrial(study.id, trial);
      const end = await runOwned(study, retrials, withSlots(executor, workers), writer, reader, stop, options);
      return { kind: "ended", study, end };
    });
  } finally {
    writer.close();
  }
}

/** Creates the study, opens it again, or extends it; says what of that is worth telling. */
async function openStudy(
  prepared: Sweep,
  summary: PreparedSummary,
  writer: StoreWriter,
  reader: StoreReader,
  options: RunOptions,
): Promise<{ readonly study: StudyRecord; readonly plan: StudyPlan }> {
  const known = reader.study(prepared.name)?.study;
  const { sweep, text } = await warmStarted(prepared, known?.sweep, reader, options);
  const plan = createStudyPlan(sweep, createSampler(sweep));
  const planned = plan.total(historyOf(sweep, []), []);
  const definition = { sweep, inputs: summary.hashes, summary, plannedTrials: planned };
  if (options.extend) note(extensionText(writer.extendStudy(definition)));
  const study = writer.openStudy(definition);
  if (text) {
    note(text);
    writer.logEvent(study.id, "study", text);
  }
  if (reader.study(study.name)?.owner) return { study, plan };
  // Trials that a person added, that a changed space no longer has, and finals that have begun count too.
  const trials = reader.trials(study.id);
  const total = plan.total(historyOf(sweep, trials), trials);
  if (total === undefined || total === planned) return { study, plan };
  writer.planTrials(study.id, total);
  return { study: { ...study, plannedTrials: total }, plan };
}

/** Enough of a history to say whether anything is left to suggest. */
function historyOf({ metric, seed }: Sweep, trials: readonly Trial[]): History {
  const isOpen = (trial: Trial) => !("endedAt" in trial);
  const [finished, running] = [trials.filter((trial) => !isOpen(trial)), trials.filter(isOpen)];
  return { finished, running, goal: metric.goal, seed };
}

function extensionText(changes: readonly string[]): string {
  if (changes.length === 0) return "nothing to extend: the file says what the study has";
  return `extended:\n  ${changes.join("\n  ")}`;
}

/** Another process runs the study; its log tells who looks on. */
function taken(study: StudyRecord, owner: StudyOwner, writer: StoreWriter): Result {
  const watcher = `process ${process.pid} on ${hostname()}`;
  writer.logEvent(
    study.id,
    "lease",
    `${watcher} looks on, read-only: process ${owner.pid} on ${owner.host} runs the study`,
  );
  return { kind: "taken", study, owner };
}

function finishedText({ name }: StudyRecord, failed: number, { retryFailed = false }: RunOptions): string {
  if (!retryFailed)
    return `${name} has finished already; give it a new name to run it again, or change its file and --extend it`;
  const why = failed > 0 ? "its failed trials diverged, and would again" : "none of its trials failed";
  return `${name} has finished already, and nothing is to be retried: ${why}`;
}

function retryText(numbers: readonly number[]): string {
  if (numbers.length === 0) return "no failed trial is to be retried";
  return `${plural(numbers.length, "failed trial")} back in the queue: ${numbers.map((number) => `#${number}`).join(" ")}`;
}

/** The pool has a thread for each core at most, since the memory that a worker takes is known only after `prepare`. */
function withSlots(executor: Executor, slots: number): Executor {
  return {
    slots,
    prepare: (settings, seed) => executor.prepare(settings, seed),
    run: (job, handlers) => executor.run(job, handlers),
    test: (job) => executor.test(job),
    close: (now, abandon) => executor.close(now, abandon),
  };
}

/** Runs the study under its lease, with its progress in view. */
async function runOwned(
  study: StudyRecord,
  retried: readonly number[],
  executor: Executor,
  writer: StoreWriter,
  reader: StoreReader,
  stop: StopSignal,
  options: RunOptions,
): Promise<StudyEnd> {
  const { sweep } = study;
  const planned = { sampler: createSampler(sweep), pruner: createPruner(sweep, study.summary.trainExamples) };
  const files = new TrialFiles(options.results, study.name);
  const ended = runStudy({ study, retried, ...planned, executor, writer, reader, files, stop });
  try {
    await Promise.all([showProgress(reader, study, stop, ended, options), ended]);
    return await ended;
  } finally {
    // Where the view failed, the trials must not go on unseen.
    stop.request("now");
    await ended.catch(() => {});
  }
}

async function showProgress(
  reader: StoreReader,
  { id: studyId }: StudyRecord,
  stop: StopSignal,
  done: Promise<unknown>,
  options: RunOptions,
): Promise<void> {
  if (wantsDashboard(options)) {
    const { openDashboard } = await import("../dashboard/index.js");
    const view = { results: options.results, alternateScreen: options.altScreen, ascii: options.ascii ?? false };
    if ((await openDashboard({ reader, studyId, stop, done, ...view })) === "done") return;
  }
  const unsubscribe = stop.onChange(() => note(stopText(stop)));
  await followPlainly(plainOptions(reader, studyId, options, done)).finally(unsubscribe);
}

function stopText({ level, paused }: StopSignal): string {
  if (level === "now") return "stopping now; the same command goes on from here";
  if (level === "drain") return "finishing the trials that run; press Ctrl-C again to stop now";
  return paused ? "paused: no more trials are started" : "going on";
}

async function finish(result: Result, signalStatus: number | undefined, options: RunOptions): Promise<number> {
  const { study } = result;
  if (result.kind === "taken") {
    note(...takenLines(result.owner, study, options));
    await withReader(options, async (reader) => {
      await watchStudy(reader, study, options);
      const { owner, counts } = findStudy(reader, study.name, options);
      if (owner || counts.queued + counts.running + counts.paused === 0) return;
      note(
        `no process runs it any more; to go on: dualrate run ${shortPath(study.sweep.file)}${resultsFlag(options.results)}`,
      );
    });
    return 0;
  }
  if (result.kind === "already-finished") note(result.end.message);
  await withReader(options, (reader) => showEnding(reader, study, options));
  return exitStatus(result.end, signalStatus, options);
}

function takenLines(owner: StudyOwner, { name }: StudyRecord, options: RunOptions): readonly string[] {
  const { pid, host, heartbeatAt } = owner;
  // Whether a process of another host is alive, nobody can see from here.
  const seen = host === hostname() ? "" : ` (its last sign of life was ${formatClock(Date.now() - heartbeatAt)} ago)`;
  const flags = [options.retryFailed && "--retry-failed", options.enqueue && "--enqueue"].filter((flag) => flag);
  return [
    `process ${pid} on ${host} runs ${name} already${seen}; this view is read-only`,
    ...(flags.length > 0 ? [`${flags.join(" and ")} had no effect: give it once that process has ended`] : []),
  ];
}

/** The ranking is the result, unless standard output carries events. */
function showEnding(reader: StoreReader, study: StudyRecord, { ascii = false, json, results }: RunOptions): void {
  const columns = process.stdout.columns ?? 100;
  const lines = endingLines(new StudyWatch(reader, study.id).last, { ascii, columns, now: Date.now(), results });
  if (json) note(...lines);
  else print(lines);
}

function exitStatus(end: Ending, signalStatus: number | undefined, { strict }: RunOptions): number {
  switch (end.reason) {
    case "budget":
      note(end.message);
      return strict && end.failed > 0 ? 3 : 0;
    case "finished":
      return strict && end.failed > 0 ? 3 : 0;
    case "failures":
      note(`error: ${end.message}`);
      return 1;
    default:
      return signalStatus ?? 130;
  }
}
