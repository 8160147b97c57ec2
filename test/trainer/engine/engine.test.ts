// What the engine guarantees whatever the model: exact groups, exact savings, exact repetition.
import { expect, test } from "vitest";
import { mix32 } from "../../../src/random.js";
import type { RowMap } from "../../../src/trainer/data/row-map.js";
import { keepMasks } from "../../../src/trainer/engine/dropout.js";
import type { EngineState, StepRates } from "../../../src/trainer/engine/engine.js";
import { batchOf, distance, goldenJson, l2, prepare } from "../../golden-model.js";

const optimizer = { name: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
function rates(lr: { base: number; introduced: number }, changes: Partial<StepRates> = {}): StepRates {
  const weightDecay = { base: 0, head: 0, introduced: 0 };
  const still = {
    weightDecay,
    maxGradNorm: 0,
    gradClipping: "global",
    optimizer,
    rowUpdates: "dense",
    baseFrozenSteps: 0,
    dropoutKey: null,
  } as const;
  return { lr: { head: lr.base, ...lr }, ...still, ...changes };
}

const golden = goldenJson("tiny-bert", "masked-lm-steps");
const WORDS = "embeddings.word";
const vocabulary: number = golden.vocabulary_size;
const rowsOf = (state: EngineState) => {
  const words = state.tensors.get(WORDS)!.value;
  const width = words.length / (vocabulary + golden.introduced_ids.length);
  return { base: words.slice(0, vocabulary * width), introduced: words.slice(vocabulary * width), width };
};

async function trained(lr: { base: number; introduced: number }) {
  const { engine, rowMap } = await prepare("tiny-bert", golden);
  const before = await engine.save();
  for (const batch of golden.batches) await engine.step([batchOf("masked-lm", batch, rowMap)], rates(lr));
  return { before, after: await engine.save() };
}

test("with base_lr 0 and no decay the pretrained weights stay bit-identical and introduced rows learn", async () => {
  const { before, after } = await trained({ base: 0, introduced: 1e-2 });
  for (const [name, { value }] of after.tensors) {
    if (name === WORDS || name === "decoder.bias") continue;
    expect(value, name).toEqual(before.tensors.get(name)!.value);
  }
  expect(rowsOf(after).base).toEqual(rowsOf(before).base);
  expect(distance(rowsOf(after).introduced, rowsOf(before).introduced)).toBeGreaterThan(0.1);
  const bias = (state: EngineState) => state.tensors.get("decoder.bias")!.value;
  expect(bias(after).slice(0, vocabulary)).toEqual(bias(before).slice(0, vocabulary));
  expect(distance(bias(after).slice(vocabulary), bias(before).slice(vocabulary))).toBeGreaterThan(0.01);
});

test("a frozen base keeps its weights and moments and is not clipped with; the rest learns as at base_lr 0", async () => {
  const { engine, rowMap } = await prepare("tiny-bert", golden);
  const before = await engine.save();
  const frozen = rates({ base: 1e-3, introduced: 1e-2 }, { baseFrozenSteps: 100 });
  for (const batch of golden.batches) {
    const { gradNorm, groups } = await engine.step([batchOf("masked-lm", batch, rowMap)], frozen);
    expect(gradNorm).toBe(groups.introduced!.gradNorm);
    expect(groups.base).toMatchObject({ gradNorm: 0, updateNorm: 0 });
  }
  const after = await engine.save();
  const { after: still } = await trained({ base: 0, introduced: 1e-2 });
  expect(rowsOf(after)).toEqual(rowsOf(still));
  for (const [name, { value, m, v }] of after.tensors) {
    expect(value, name).toEqual(still.tensors.get(name)!.value);
    if (name === WORDS || name === "decoder.bias") continue;
    expect(value, name).toEqual(before.tensors.get(name)!.value);
    expect(
      [...m, ...v].every((moment) => moment === 0),
      name,
    ).toBe(true);
  }
});

test("a base that thaws starts as Adam starts: its first update is as large as its rate", async () => {
  const { engine, rowMap } = await prepare("tiny-bert", golden);
  const thawing = rates({ base: 1e-3, introduced: 1e-2 }, { baseFrozenSteps: 2 });
  const weights = async () => (await engine.save()).tensors.get("layer.0.intermediate.weight")!.value;
  const first = await weights();
  for (const batch of golden.batches.slice(0, 2)) await engine.step([batchOf("masked-lm", batch, rowMap)], thawing);
  expect(await weights()).toEqual(first);
  await engine.step([batchOf("masked-lm", golden.batches[2], rowMap)], thawing);
  const changes = (await weights()).map((value, i) => Math.abs(value - first[i]!)).sort();
  // g / (|g| + 1e-8) of the rate: all of it, but for the smallest gradients. Corrected for three steps it would be 0.6.
  expect(changes.at(-1)).toBeLessThan(1.001e-3);
  expect(changes[Math.floor(changes.length / 2)]).toBeGreaterThan(0.99e-3);
});

test("with intro_lr 0 introduced rows stay bit-identical and the pretrained ones learn", async () => {
  const { before, after } = await trained({ base: 1e-3, introduced: 0 });
  expect(rowsOf(after).introduced).toEqual(rowsOf(before).introduced);
  expect(distance(rowsOf(after).base, rowsOf(before).base)).toBeGreaterThan(0.01);
});

test("a tied head gives introduced rows a gradient even where the batch does not hold them", async () => {
  const { engine, rowMap } = await prepare("tiny-bert", golden);
  const last = golden.introduced_ids.at(-1);
  expect(golden.batches[0].input_ids.flat()).not.toContain(last);
  await engine.step([batchOf("masked-lm", golden.batches[0], rowMap)], rates({ base: 0, introduced: 0 }));
  const { m } = (await engine.save()).tensors.get(WORDS)!;
  const width = rowsOf(await engine.save()).width;
  expect(l2(m.subarray(last * width, (last + 1) * width))).toBeGreaterThan(1e-4);
});

test("saved and loaded in the middle, with dropout, the next steps are bit-identical", async () => {
  const first = await prepare("tiny-bert", golden);
  const step = (engine: typeof first.engine, index: number) =>
    engine.step(
      [batchOf("masked-lm", golden.batches[index], first.rowMap)],
      rates({ base: 1e-3, introduced: 1e-2 }, { dropoutKey: index + 1 }),
    );
  for (const index of [0, 1, 2]) await step(first.engine, index);
  const saved = await first.engine.save();
  const second = await prepare("tiny-bert", golden);
  await second.engine.load(saved);
  for (const index of [3, 4, 5]) expect(await step(second.engine, index)).toEqual(await step(first.engine, index));
  expect(await second.engine.save()).toEqual(await first.engine.save());
});

test("nothing of a step's gradients is left to the next one, whether it had several batches or one", async () => {
  const classes = goldenJson("tiny-bert", "sequence-classification-steps");
  const fresh = async () => (await prepare("tiny-bert", classes)).engine;
  const { rowMap } = await prepare("tiny-bert", classes);
  const batch = (index: number) => batchOf("sequence-classification", classes.batches[index], rowMap);
  const still = rates({ base: 1e-3, introduced: 1e-2 });
  const engine = await fresh();
  for (const batches of [[batch(0), batch(1)], [batch(2)], [batch(3)]]) {
    // A new engine's gradients are zeros.
    const other = await fresh();
    await other.load(await engine.save());
    expect(await engine.step(batches, still)).toEqual(await other.step(batches, still));
    expect(await engine.save()).toEqual(await other.save());
  }
});

test("dropout depends on its key alone", async () => {
  const { engine, rowMap } = await prepare("tiny-bert", golden);
  const loss = async (dropoutKey: number | null) =>
    (
      await engine.step(
        [batchOf("masked-lm", golden.batches[0], rowMap)],
        rates({ base: 0, introduced: 0 }, { dropoutKey }),
      )
    ).loss;
  expect(await loss(5)).toBe(await loss(5));
  expect(await loss(5)).not.toBe(await loss(6));
  expect(await loss(5)).not.toBe(await loss(null));
});

test("micro-batches are averaged over all their targets", async () => {
  const [one, two] = [golden.batches[0], golden.batches[1]];
  const merged = Object.fromEntries(Object.keys(one).map((key) => [key, [...one[key], ...two[key]]])) as typeof one;
  const still = rates({ base: 0, introduced: 0 });
  const { engine, rowMap } = await prepare("tiny-bert", golden);
  const apart = await engine.step(
    [one, two].map((batch) => batchOf("masked-lm", batch, rowMap)),
    still,
  );
  const together = await engine.step([batchOf("masked-lm", merged, rowMap)], still);
  expect(Math.abs(apart.loss - together.loss)).toBeLessThan(1e-5);
  expect(Math.abs(apart.gradNorm / together.gradNorm - 1)).toBeLessThan(1e-5);
});

test("lazy rows: what a batch does not hold stays as it is, moments too, and the rest trains as if dense", async () => {
  const start = goldenJson("tiny-bert", "sequence-classification-steps");
  const [dense, lazy] = [await prepare("tiny-bert", start), await prepare("tiny-bert", start)];
  const decay = { base: 0.1, head: 0.1, introduced: 0.1 };
  const both = rates({ base: 1e-2, introduced: 1e-1 }, { weightDecay: decay, maxGradNorm: 1 });
  const batch = (index: number) => batchOf("sequence-classification", start.batches[index], dense.rowMap);
  await dense.engine.step([batch(0)], both);
  await lazy.engine.load(await dense.engine.save());
  const before = await lazy.engine.save();
  await dense.engine.step([batch(1)], both);
  const { groups } = await lazy.engine.step([batch(1)], { ...both, rowUpdates: "lazy" });
  const [all, after] = [await dense.engine.save(), await lazy.engine.save()];
  const { width, introduced, base } = rowsOf(after);
  const seen = new Set(batch(1).inputRows.filter((_, i) => batch(1).attentionMask[i] === 1));
  const stale = new Set(batch(0).inputRows.filter((row) => !seen.has(row)));
  expect(stale.size).toBeGreaterThan(1);
  for (let row = 0; row < after.tensors.get(WORDS)!.value.length / width; row++) {
    const expected = (seen.has(row) ? all : before).tensors.get(WORDS)!;
    for (const part of ["value", "m", "v"] as const) {
      const of = (tensors: typeof expected) => tensors[part].slice(row * width, (row + 1) * width);
      expect(of(after.tensors.get(WORDS)!), `row ${row} ${part}`).toEqual(of(expected));
    }
  }
  for (const [name, tensor] of after.tensors) if (name !== WORDS) expect(tensor, name).toEqual(all.tensors.get(name));
  expect(Math.abs(groups.introduced!.weightNorm - l2(introduced))).toBeLessThan(1e-5 * l2(introduced));
  const moved = distance(introduced, rowsOf(before).introduced);
  expect(Math.abs(groups.introduced!.updateNorm - moved)).toBeLessThan(1e-4 * moved);
  expect(groups.base!.weightNorm).toBeGreaterThan(l2(base));
});

test.each([
  { name: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  { name: "sgd", momentum: 0.9 },
  { name: "lion", beta1: 0.9, beta2: 0.99 },
] as const)("$name learns, its state is saved, and groups stay apart", async (optimizer) => {
  const first = await prepare("tiny-bert", golden);
  const second = await prepare("tiny-bert", golden);
  const step = (engine: typeof first.engine, index: number) =>
    engine.step(
      [batchOf("masked-lm", golden.batches[index], first.rowMap)],
      rates({ base: 0, introduced: 1e-3 }, { optimizer }),
    );
  const before = await first.engine.save();
  for (const index of [0, 1]) await step(first.engine, index);
  await second.engine.load(await first.engine.save());
  expect(await step(second.engine, 2)).toEqual(await step(first.engine, 2));
  const after = await first.engine.save();
  expect(await second.engine.save()).toEqual(after);
  expect(rowsOf(after).base).toEqual(rowsOf(before).base);
  expect(distance(rowsOf(after).introduced, rowsOf(before).introduced)).toBeGreaterThan(1e-4);
});

test("vocabulary compaction changes no loss, no norm and no kept weight, clipping included", async () => {
  const start = goldenJson("tiny-bert", "sequence-classification-steps");
  const size: number = start.vocabulary_size;
  const used = new Set<number>(start.batches.flatMap((batch: { input_ids: number[][] }) => batch.input_ids.flat()));
  const kept = Array.from({ length: size }, (_, id) => id).filter((id) => used.has(id));
  expect(kept.length).toBeLessThan(size);
  const compact = rowMapOf([...kept, ...start.introduced_ids], kept.length, size + start.introduced_ids.length);
  const full = await prepare("tiny-bert", start);
  const small = await prepare("tiny-bert", start, compact);
  const clipped = rates(
    { base: 1e-3, introduced: 1e-2 },
    { maxGradNorm: 1, weightDecay: { base: 0.01, head: 0.01, introduced: 0.02 } },
  );
  for (const batch of start.batches) {
    const a = await full.engine.step([batchOf("sequence-classification", batch, full.rowMap)], clipped);
    const b = await small.engine.step([batchOf("sequence-classification", batch, compact)], clipped);
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-5);
    expect(Math.abs(a.gradNorm / b.gradNorm - 1)).toBeLessThan(1e-5);
  }
  const whole = (await full.engine.save()).tensors.get(WORDS)!.value;
  const rows = (await small.engine.save()).tensors.get(WORDS)!.value;
  const width = rows.length / compact.idOfRow.length;
  compact.idOfRow.forEach((id, row) => {
    const [a, b] = [whole.subarray(id * width, (id + 1) * width), rows.subarray(row * width, (row + 1) * width)];
    expect(distance(a, b), `id ${id}`).toBeLessThan(1e-4 * l2(a));
  });
  // What compaction leaves out: weight decay alone, the product of (1 - lr * wd) over the steps.
  const unused = Array.from({ length: size }, (_, id) => id).find((id) => !used.has(id))!;
  const before = (await (await prepare("tiny-bert", start)).engine.save()).tensors.get(WORDS)!.value;
  const decay = (1 - 1e-3 * 0.01) ** start.batches.length;
  for (let i = unused * width; i < (unused + 1) * width; i++)
    expect(Math.abs(whole[i]! - before[i]! * decay)).toBeLessThan(1e-6);
});

function rowMapOf(idOfRow: number[], baseRows: number, vocabulary: number): RowMap {
  const rowOfId = new Int32Array(vocabulary).fill(-1);
  for (const [row, id] of idOfRow.entries()) rowOfId[id] = row;
  return {
    rowOfId,
    idOfRow: Int32Array.from(idOfRow),
    baseRows,
    tokenGroups: [],
    introducedRows: idOfRow.length - baseRows,
  };
}

test("keep masks drop at their rate, differ by key, and repeat", () => {
  const draw = (key: number, rate: number, size = 200_001) => {
    const [mask] = keepMasks([size]);
    mask!.fill(key, rate);
    return mask!.keep;
  };
  for (const rate of [0.1, 0.5]) {
    const dropped = draw(3, rate).reduce((count, keep) => count + (keep === 0 ? 1 : 0), 0) / 200_001;
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / 200_001)); // four standard errors
  }
  expect(draw(3, 0.1)).toEqual(draw(3, 0.1));
  const [a, b] = [draw(3, 0.5), draw(4, 0.5)];
  const agree = a.reduce((count, keep, i) => count + (keep === b[i] ? 1 : 0), 0) / a.length;
  expect(Math.abs(agree - 0.5)).toBeLessThan(0.01);
});

test("keep masks are the plain hash's bits, and stay within their bounds", () => {
  const sizes = [1, 15, 16, 17, 1001];
  const masks = keepMasks(sizes);
  for (const [key, rate] of [
    [7, 0.1],
    [8, 0.5],
    [2 ** 32 - 1, 0.999],
    [0, 0],
  ] as const) {
    for (const { fill } of masks) fill(key, rate);
    const threshold = Math.round(rate * 65_536);
    for (const [index, { keep }] of masks.entries()) {
      const expected = Array.from({ length: sizes[index]! }, (_, i) => {
        const bits = mix32((mix32(key) + (i & ~1)) | 0);
        return (i % 2 === 0 ? bits & 0xffff : bits >>> 16) >= threshold ? 1 : 0;
      });
      expect([...keep]).toEqual(expected);
    }
  }
});
