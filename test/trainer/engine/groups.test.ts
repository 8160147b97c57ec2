// Token groups, layer-wise decay and clipping by group in the engine, against torch.optim.AdamW (test/golden/make_groups.py).
import { expect, test } from "vitest";
import { buildRowMap } from "../../../src/trainer/data/row-map.js";
import type { StepRates } from "../../../src/trainer/engine/engine.js";
import { scheduleMultiplier } from "../../../src/trainer/optim/schedule.js";
import { batchOf, byHuggingFaceName, distance, goldenJson, goldenTensors, l2, prepare } from "../../golden-model.js";

const RUNS = (["masked-lm", "sequence-classification"] as const).flatMap((task) => [
  [task, "global"] as const,
  [task, "per_group"] as const,
]);

interface Group {
  readonly lr: number;
  readonly weight_decay: number;
  readonly warmup_steps: number;
  readonly delay_steps: number;
  readonly start_factor: number;
}

test.each(RUNS)(
  "%s, clipping %s: six steps of five groups with layer-wise decay follow PyTorch's",
  async (task, clip) => {
    const start = goldenJson("tiny-bert", `${task}-steps`);
    const golden = goldenJson("tiny-bert", `${task}-groups`);
    const tokenGroups = Object.entries<number[]>(golden.token_groups).map(([name, ids]) => ({ name, ids }));
    const rowMap = buildRowMap(start.vocabulary_size, start.introduced_ids, "all", tokenGroups);
    const prepared = await prepare("tiny-bert", start, rowMap, golden.layer_lr_decay);
    const { steps, max_grad_norm: maxGradNorm } = golden.runs[clip];
    for (const [step, expected] of steps.entries()) {
      const byGroup = (pick: (group: Group) => number) =>
        Object.fromEntries(
          Object.entries<Group>(golden.groups).map(([name, group]) => [name, pick(group)]),
        ) as StepRates["lr"];
      const rate = ({ lr, warmup_steps: warmupSteps, delay_steps: delaySteps, start_factor: startFactor }: Group) => {
        const { total_steps: totalSteps } = start;
        return lr * scheduleMultiplier({ type: "linear", totalSteps, warmupSteps, delaySteps, startFactor }, step);
      };
      const result = await prepared.engine.step([batchOf(task, start.batches[step], rowMap)], {
        lr: byGroup(rate),
        weightDecay: byGroup((group) => group.weight_decay),
        maxGradNorm,
        gradClipping: clip,
        optimizer: { name: "adamw", ...start.adam },
        rowUpdates: "dense",
        baseFrozenSteps: 0,
        dropoutKey: null,
      });
      // Tolerances of test/golden/README.md.
      expect(Math.abs(result.loss - expected.loss), `loss at step ${step + 1}`).toBeLessThan(1e-5);
      expect(Object.keys(result.groups).sort()).toEqual(Object.keys(expected.group_norms).sort());
      for (const [group, norm] of Object.entries<number>(expected.group_norms)) {
        const difference = Math.abs(result.groups[group]!.gradNorm - norm);
        expect(difference, `${group} at step ${step + 1}`).toBeLessThan(1e-4 * norm + 1e-6 * expected.grad_norm);
      }
    }
    const final = await goldenTensors("tiny-bert", `${task}-groups-${clip}-final`);
    const { tensors } = await prepared.engine.save();
    const flat = new Float32Array(prepared.layout.size);
    for (const { name, offset } of prepared.layout.slots) flat.set(tensors.get(name)?.value ?? [], offset);
    for (const [name, values] of byHuggingFaceName(prepared, flat)) {
      // A zero gradient in exact arithmetic: Adam turns its float noise into full steps.
      if (name.endsWith("key.bias")) continue;
      const reference = final.get(name)?.data ?? new Float32Array();
      expect(distance(values, reference), name).toBeLessThan(1e-4 * l2(reference));
    }
  },
);

test("the two ways of clipping differ by far more than the tolerance", async () => {
  const name = "bert.embeddings.word_embeddings.weight";
  const [whole, byGroup] = await Promise.all(
    ["global", "per_group"].map((clip) => goldenTensors("tiny-bert", `sequence-classification-groups-${clip}-final`)),
  );
  const reference = whole!.get(name)!.data;
  expect(distance(reference, byGroup!.get(name)!.data)).toBeGreaterThan(3e-4 * l2(reference));
});
