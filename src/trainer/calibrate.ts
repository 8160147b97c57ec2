// A short look at what a configuration costs on this machine: a few steps and evaluation batches, of which nothing is kept.
import type { Calibration } from "../sweep/calibration.js";
import type { Batch } from "./data/batch.js";
import type { Engine } from "./engine/engine.js";
import type { Runtime } from "./engine/runtime.js";
import { createEngine, evaluationBatches, ratesAt, type Training, trainingBatches } from "./train.js";

/** Steps whose shapes were compiled before; and when to stop, whatever has been measured, if anything has. */
const ENOUGH_STEPS = 20;
const MOST_SECONDS = 20;

const EVALUATED = 4;

/**
 * Trains on the trial's first batches, then evaluates a few batches between the shortest and the longest texts'. A shape's first use
 * compiles it, and is counted as that. `rss`: bytes of memory that the process has now.
 */
export async function calibrate(
  training: Training,
  runtime: Runtime,
  rss: () => number = () => process.memoryUsage.rss(),
): Promise<Calibration> {
  const before = rss();
  let peak = before;
  const engine = createEngine(training, runtime);
  const timed = async (work: () => Promise<unknown>) => {
    const begun = performance.now();
    await work();
    peak = Math.max(peak, rss());
    return (performance.now() - begun) / 1000;
  };
  try {
    const steps = await timeSteps(training, engine, timed);
    const evaluation = await timeEvaluation(training, engine, timed);
    return {
      secondsPerStep: steps.each,
      secondsPerEvaluation: evaluation.each,
      compileSeconds: steps.compiling + evaluation.compiling,
      peakBytes: peak - before,
    };
  } finally {
    engine.dispose();
  }
}

type Timed = (work: () => Promise<unknown>) => Promise<number>;

interface Times {
  /** Mean seconds of one. */
  readonly each: number;
  readonly compiling: number;
}

async function timeSteps(training: Training, engine: Engine, timed: Timed): Promise<Times> {
  const batches = trainingBatches(training);
  const { totalSteps } = training.config;
  const known = new Set<string>();
  const [times, first]: [number[], number[]] = [[], []];
  const begun = performance.now();
  const isOver = () => times.length > 0 && performance.now() - begun > 1000 * MOST_SECONDS;
  // A trial of a few steps is run through more than once: the same shapes come again.
  for (let step = 0; times.length < ENOUGH_STEPS && !isOver(); step++) {
    const batch = batches(step % totalSteps);
    const seconds = await timed(() => engine.step(batch, ratesAt(training.config, step % totalSteps)));
    const isNew = batch.some((part) => !known.has(shapeOf(part)));
    for (const part of batch) known.add(shapeOf(part));
    (isNew ? first : times).push(seconds);
  }
  return timesOf(times, first);
}

async function timeEvaluation(training: Training, engine: Engine, timed: Timed): Promise<Times> {
  const batches = evaluationBatches(training);
  const count = Math.min(EVALUATED, batches.length);
  const [times, first]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    const batch = batches[Math.floor(((i + 0.5) * batches.length) / count)] as Batch;
    first.push(await timed(() => engine.evaluate(batch)));
    times.push(await timed(() => engine.evaluate(batch)));
  }
  const { each, compiling } = timesOf(times, first);
  return { each: each * batches.length, compiling };
}

function timesOf(times: readonly number[], first: readonly number[]): Times {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const each = sum(times) / times.length;
  return { each, compiling: Math.max(0, sum(first) - each * first.length) };
}

function shapeOf({ bucket }: Batch): string {
  return JSON.stringify(bucket);
}
