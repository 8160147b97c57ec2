// Bounded, seeded fuzzing: each case is a pure function of the target's name and the case's number, so that a failure can
// be run again alone (FUZZ_CASE=number). A case may end in a DualrateError, which users see; anything else that it throws, a case
// that takes too long, and memory that it takes without bound are failures.
import { DualrateError, messageOf } from "../../src/errors.js";
import { deriveKey, Random } from "../../src/random.js";

/** Cases of each target. FUZZ_CASES asks for more. */
const CASES = Number(process.env.FUZZ_CASES ?? 10_000);

/** Of one case, in milliseconds: a hundred times the usual, since the machine may be busy. */
const MOST_TIME = 5_000;

/** What the process may hold at most, in bytes; the corpora are a few kilobytes. */
const MOST_MEMORY = 2 ** 31;

export interface Target<Input> {
  readonly name: string;
  /** Makes the input of a case. */
  readonly input: (random: Random) => Input;
  /** Hands it to what is tested; throws a DualrateError where that refuses it. */
  readonly run: (input: Input) => unknown;
}

export interface Outcome {
  readonly refused: number;
  readonly accepted: number;
  /** What should not have happened, at most a few of it. */
  readonly failures: readonly string[];
}

const MOST_FAILURES = 10;

/** Runs all cases of a target, or the one that FUZZ_CASE names. */
export async function fuzz<Input>(target: Target<Input>): Promise<Outcome> {
  const only = process.env.FUZZ_CASE;
  const numbers = only === undefined ? Array.from({ length: CASES }, (_, i) => i) : [Number(only)];
  let refused = 0;
  const failures: string[] = [];
  for (const number of numbers) {
    const input = target.input(new Random(deriveKey("fuzz", target.name, number)));
    const fault = await faultOf(() => target.run(input));
    if (fault === "refused") refused += 1;
    else if (fault !== undefined) failures.push(`case ${number}: ${fault}\n${shown(input)}`);
    if (failures.length === MOST_FAILURES) break;
  }
  return { refused, accepted: numbers.length - refused - failures.length, failures };
}

async function faultOf(run: () => unknown): Promise<string | undefined> {
  const begun = performance.now();
  let result: string | undefined;
  try {
    await run();
  } catch (error) {
    result = error instanceof DualrateError && error.code !== "internal" ? refusal(error) : stackOf(error);
  }
  const milliseconds = performance.now() - begun;
  if (milliseconds > MOST_TIME) return `took ${milliseconds.toFixed(0)} ms`;
  const { rss } = process.memoryUsage();
  return rss > MOST_MEMORY ? `the process holds ${rss} bytes` : result;
}

/** A message that fills screens helps nobody. */
function refusal({ message, hint = "" }: DualrateError): string {
  return message.length + hint.length > 4_000 ? `a message of ${message.length} characters` : "refused";
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).slice(0, 1_500) : messageOf(error);
}

function shown(input: unknown): string {
  const text = Buffer.isBuffer(input) ? input.toString("latin1") : JSON.stringify(input);
  return JSON.stringify(text.slice(0, 2_000));
}
