import { expect, test } from "vitest";
import { createPruner } from "../../src/planner/planner.js";
import type { Pruner } from "../../src/planner/sampler.js";
import { Random } from "../../src/random.js";
import { prunedSweep, standing } from "./standings.js";

// Rungs at evaluations 2, 4 and 8 of 10.
const asha = createPruner(prunedSweep({ type: "asha", rungs: { min: 2 }, eta: 2 }), 100);
const band = (strict: boolean) =>
  createPruner(prunedSweep({ type: "hyperband", rungs: { min: 2 }, eta: 2, strict }), 100);
const others = [0.1, 0.2, 0.3, 0.4, 0.5].map((loss, i) => standing(i + 1, [1, loss]));

test("rungs are shares of a trial's steps; a strict Hyperband judges at every evaluation after the first one", () => {
  expect(asha.rungs).toEqual([0.2, 0.4, 0.8]);
  expect(band(false).rungs).toEqual([0.2, 0.4, 0.8]);
  expect(band(true).rungs).toEqual([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
});

test("the first trial to come goes on, and says why", () => {
  const reason = "rung 1 of 3: loss 9 is rank 1 of 1, keeps 1";
  for (const pruner of [asha, band(false)]) {
    expect(pruner.judge(standing(1, [9.5, 9]), [])).toEqual({ action: "continue", reason });
  }
});

test("the best 1/eta of those that reached a rung go on, by the best value up to it", () => {
  // Of six trials three.
  expect(asha.judge(standing(6, [1, 0.25]), others)).toMatchObject({ action: "continue" });
  expect(asha.judge(standing(6, [1, 0.35]), others)).toEqual({
    action: "pause",
    reason: "rung 1 of 3: loss 0.35 is rank 4 of 6, keeps 3",
  });
  // An earlier evaluation may be the best.
  expect(asha.judge(standing(6, [0.05, 0.9]), others)).toMatchObject({ action: "continue" });
});

test("Hyperband keeps one more, as W&B does", () => {
  expect(band(false).judge(standing(6, [1, 0.35]), others)).toMatchObject({ action: "continue" });
  expect(band(false).judge(standing(6, [1, 0.45]), others)).toMatchObject({ action: "stop" });
});

test("trials that are not yet there do not count, and later evaluations of others do not either", () => {
  const early = standing(7, [0.01]);
  const late = standing(8, [1, 0.9, 0.001]);
  expect(asha.judge(standing(6, [1, 0.5]), [early, late])).toMatchObject({
    action: "continue",
    reason: "rung 1 of 3: loss 0.5 is rank 1 of 2, keeps 1",
  });
});

test("a trial between rungs is held against the last one; only a strict pruner asks for that", () => {
  const own = standing(6, [1, 0.45, 0.44]);
  expect(band(true).judge(own, others)).toEqual({
    action: "stop",
    reason: "rung 1 of 3: loss 0.45 is rank 5 of 6, keeps 4",
  });
  // It said so when it reached the rung.
  expect(band(true).judge(standing(6, [1, 0.15, 0.1]), others)).toEqual({ action: "continue" });
});

test("before the first rung nothing is decided", () => {
  expect(asha.judge(standing(6, [9]), others)).toEqual({ action: "continue" });
});

test("replicates are neither judged nor held against others", () => {
  expect(asha.judge(standing(6, [9, 9], { replicate: 1 }), others)).toEqual({ action: "continue" });
  const again = others.map(({ measurements }, i) => ({ ...standing(i + 1, [], { replicate: 1 }), measurements }));
  expect(asha.judge(standing(6, [9, 9]), again)).toMatchObject({ action: "continue" });
});

test("what is to be greatest is ranked the other way round", () => {
  const metric = { name: "accuracy", goal: "maximize" } as const;
  const pruner = createPruner(prunedSweep({ type: "asha", rungs: { min: 1 }, eta: 2 }, { metric }), 100);
  const at = (number: number, accuracy: number) => {
    const { trial, measurements } = standing(number, [1]);
    return {
      trial,
      measurements: measurements.map((one) => ({ ...one, validation: { ...one.validation, accuracy } })),
    };
  };
  expect(pruner.judge(at(1, 0.9), [at(2, 0.8)])).toMatchObject({ action: "continue" });
  expect(pruner.judge(at(1, 0.7), [at(2, 0.8)])).toEqual({
    action: "pause",
    reason: "rung 1 of 4: accuracy 0.7 is rank 2 of 2, keeps 1",
  });
});

const paused = { state: "paused" } as const;

test("a paused trial is promoted once it is among the best 1/eta, and not before", () => {
  const own = standing(2, [1, 0.5], paused);
  const first = standing(1, [1, 0.4]);
  expect(asha.promote?.([first, own])).toBeUndefined();
  const [third, fourth] = [standing(3, [1, 0.8], paused), standing(4, [1, 0.9], paused)];
  expect(asha.promote?.([first, own, third])).toBeUndefined();
  const reason = "rung 1 of 3: loss 0.5 is rank 2 of 4, keeps 2";
  expect(asha.promote?.([first, own, third, fourth])).toEqual({ number: 2, reason });
});

test("of several the one furthest on its way is promoted first, then the best; running ones are not", () => {
  const rung = [0.1, 0.2, 0.3, 0.4].map((loss, i) => standing(i + 1, [1, loss], i < 2 ? paused : {}));
  expect(asha.promote?.(rung)?.number).toBe(1);
  const further = standing(5, [1, 0.9, 0.9, 0.9], paused);
  expect(asha.promote?.([...rung, further])?.number).toBe(5);
  expect(asha.promote?.([standing(1, [1, 0.1])])).toBeUndefined();
});

test("Hyperband stops for good", () => {
  expect(band(false)).not.toHaveProperty("promote");
  expect(band(false).judge(standing(6, [1, 0.9]), others).action).toBe("stop");
});

test("of many paused trials the one is promoted that each held against each other would give", () => {
  // Pseudo-random losses, some of them equal, of which each trial has reached one of the rungs.
  const loss = (i: number) => ((i * 7919) % 97) / 10;
  const all = Array.from({ length: 120 }, (_, i) => {
    const losses = Array.from({ length: [2, 4, 8][i % 3] as number }, (_, step) => loss(13 * i + step));
    return standing(i + 1, losses, i % 4 === 0 ? {} : paused);
  });
  for (const count of [3, 10, 50, 120]) {
    const standings = all.slice(0, count);
    const judged = standings
      .filter(({ trial }) => trial.state === "paused")
      .flatMap((own) => {
        const verdict = asha.judge(
          own,
          standings.filter(({ trial }) => trial.number !== own.trial.number),
        );
        const [, rung, rank] = /^rung (\d).* rank (\d+)/.exec(verdict.reason ?? "") ?? [];
        return verdict.action === "continue" ? [{ ...own.trial, rung: Number(rung), rank: Number(rank), verdict }] : [];
      })
      .sort((a, b) => b.rung - a.rung || a.rank - b.rank || a.number - b.number);
    const [first] = judged;
    expect(asha.promote?.(standings)).toEqual(first && { number: first.number, reason: first.verdict.reason });
  }
});

/** One worker's whole search; returns the trials that were promoted, in order, and the most that waited at a time. */
function search(pruner: Required<Pruner>, losses: readonly (readonly number[])[], givesUp: boolean) {
  const state = new Map<number, { seen: number; state: "paused" | "complete" | "pruned" }>();
  const promoted: number[] = [];
  let mostPaused = 0;
  const all = () =>
    [...state].map(([number, one]) => {
      return standing(number, (losses[number - 1] as readonly number[]).slice(0, one.seen), { state: one.state });
    });
  for (let next = 1; ; ) {
    const promotion = pruner.promote(all());
    const number = promotion?.number ?? next;
    if (promotion) promoted.push(number);
    else if (next++ > losses.length) break;
    const curve = losses[number - 1] as readonly number[];
    let seen = state.get(number)?.seen ?? 0;
    state.set(number, { seen, state: "complete" });
    while (seen < curve.length) {
      seen++;
      const isRung = [2, 4, 8].includes(seen);
      const others = all().filter(({ trial }) => trial.number !== number);
      if (isRung && pruner.judge(standing(number, curve.slice(0, seen)), others).action === "pause") break;
    }
    state.set(number, { seen, state: seen === curve.length ? "complete" : "paused" });
    for (const given of givesUp ? pruner.giveUp(all(), losses.length) : []) {
      state.set(given.number, { seen: state.get(given.number)?.seen ?? 0, state: "pruned" });
    }
    mostPaused = Math.max(mostPaused, [...state.values()].filter((one) => one.state === "paused").length);
  }
  return { promoted, mostPaused };
}

test.each([1, 2, 3, 4, 5, 6])("giving up trials that cannot be promoted changes no promotion (case %i)", (seed) => {
  const random = new Random(seed);
  const losses = Array.from({ length: 60 }, () => {
    // Coarse, so that some are equal.
    const first = Math.round(20 * random.uniform()) / 20;
    return Array.from({ length: 10 }, (_, i) => first / (1 + i) + 0.1 * random.uniform());
  });
  const pruner = createPruner(prunedSweep({ type: "asha", rungs: { min: 2 }, eta: 3, maxPaused: 1000 }), 100);
  const kept = search(pruner as Required<Pruner>, losses, false);
  const given = search(pruner as Required<Pruner>, losses, true);
  expect(given.promoted).toEqual(kept.promoted);
  expect(kept.promoted.length).toBeGreaterThan(0);
  expect(given.mostPaused).toBeLessThan(kept.mostPaused);
});

test("no more trials wait than the sweep keeps: the last in line ends first", () => {
  const pruner = createPruner(prunedSweep({ type: "asha", rungs: { min: 2 }, eta: 2, maxPaused: 2 }), 100);
  const waiting = [0.4, 0.1, 0.3, 0.2].map((loss, i) => standing(i + 1, [1, loss], paused));
  expect(pruner.giveUp?.(waiting, undefined)).toEqual([
    { number: 3, reason: "rung 1 of 3: loss 0.3 is rank 3 of 4, keeps 2; 2 others wait before it" },
    { number: 1, reason: "rung 1 of 3: loss 0.4 is rank 4 of 4, keeps 2; 2 others wait before it" },
  ]);
  expect(pruner.giveUp?.(waiting.slice(0, 2), undefined)).toEqual([]);
  // Of four, two can go on, and these two are there.
  expect(pruner.giveUp?.(waiting.slice(0, 3), 4)?.map(({ number }) => number)).toEqual([1]);
});
