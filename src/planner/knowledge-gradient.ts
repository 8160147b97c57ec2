// By how much a value that is still to be seen is expected to better the best posterior mean of what was tried, as a logarithm:
// the knowledge gradient over the points tried and the new one (Scott, Frazier and Powell, "The Correlated Knowledge Gradient
// for Simulation Optimization of Continuous Parameters", 2011). A noisy value far from the best tells where the best is, which
// expected improvement does not count; without noise the two are the same.
// Notation: lines a_i + b_i Z with Z standard normal: posterior means after the value, by its standardised surprise Z; line 0 is the
//   new point's. Gain = min_{i>0} a_i - E min_i (a_i + b_i Z); z_j where the lower envelope passes from one line to the next.
//   E min = min a - sum_j |b_j - b_j+1| h(-|z_j|), h as in log-ei.ts (Frazier, Powell and Dayanik, "The Knowledge-Gradient Policy
//   for Correlated Normal Beliefs", 2009, section 4).
import { logH } from "./log-ei.js";

export interface Line {
  readonly a: number;
  readonly b: number;
}

/** ln of the gain, and its derivatives by each line's a and b, in the order of the lines. */
export interface LogGain {
  readonly value: number;
  readonly byA: Float64Array;
  readonly byB: Float64Array;
}

/** A line that the best one meets only beyond so many deviations is part of no outcome that counts. */
const FARTHEST = 10;

/** Of the new point's line, the first, and at least one of the points tried. Minus infinity where nothing can be learned. */
export function logGain(lines: readonly Line[]): LogGain {
  const best = lines.reduce((least, { a }, i) => (i > 0 && a < (lines[least] as Line).a ? i : least), 1);
  const envelope = lowerEnvelope(lines, best);
  const ahead = (lines[best] as Line).a - (lines[0] as Line).a;
  const logs = envelope.slice(1).map((to, j) => crossing(lines, envelope[j] as number, to));
  if (ahead > 0)
    logs.push({
      log: Math.log(ahead),
      slopes: [
        [0, -1 / ahead, 0],
        [best, 1 / ahead, 0],
      ],
    });
  return summed(logs, lines.length);
}

/** Indices of the lines that are lowest somewhere, from the least to the greatest Z: their b descends. */
function lowerEnvelope(lines: readonly Line[], best: number): readonly number[] {
  const { a: least, b: at } = lines[best] as Line;
  const near = lines.flatMap(({ a, b }, i) =>
    i === 0 || a - least <= FARTHEST * Math.abs(b - at) || i === best ? [i] : [],
  );
  near.sort((i, j) => (lines[j] as Line).b - (lines[i] as Line).b || (lines[i] as Line).a - (lines[j] as Line).a);
  const envelope: number[] = [];
  for (const i of near) {
    if (envelope.length > 0 && (lines[i] as Line).b === (lines[envelope.at(-1) as number] as Line).b) continue;
    while (envelope.length > 1) {
      const [before, last] = envelope.slice(-2) as [number, number];
      if (meet(lines, last, i) > meet(lines, before, last)) break;
      envelope.pop();
    }
    envelope.push(i);
  }
  return envelope;
}

/** The Z at which two lines meet. */
function meet(lines: readonly Line[], i: number, j: number): number {
  const [one, other] = [lines[i] as Line, lines[j] as Line];
  return (other.a - one.a) / (one.b - other.b);
}

/** ln of one positive term, and its derivatives: [line, by a, by b]. */
interface LogTerm {
  readonly log: number;
  readonly slopes: readonly (readonly [line: number, byA: number, byB: number])[];
}

function crossing(lines: readonly Line[], from: number, to: number): LogTerm {
  const turn = (lines[from] as Line).b - (lines[to] as Line).b;
  const z = meet(lines, from, to);
  const [log, slope] = logH(-Math.abs(z));
  const byZ = -Math.sign(z) * slope;
  const byTurn = (1 - byZ * z) / turn;
  return {
    log: Math.log(turn) + log,
    slopes: [
      [from, -byZ / turn, byTurn],
      [to, byZ / turn, -byTurn],
    ],
  };
}

/** The logarithm of a sum of terms. */
function summed(terms: readonly LogTerm[], lines: number): LogGain {
  const most = Math.max(...terms.map(({ log }) => log));
  const [byA, byB] = [new Float64Array(lines), new Float64Array(lines)];
  const total = terms.reduce((sum, { log }) => sum + Math.exp(log - most), 0);
  for (const { log, slopes } of terms) {
    const weight = Math.exp(log - most) / total;
    for (const [line, a, b] of slopes) {
      byA[line] = (byA[line] as number) + weight * a;
      byB[line] = (byB[line] as number) + weight * b;
    }
  }
  return { value: terms.length === 0 ? Number.NEGATIVE_INFINITY : most + Math.log(total), byA, byB };
}
