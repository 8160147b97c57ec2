// A trained model's tensors as Hugging Face has them: names, shapes, rows in vocabulary order.
import type { NamedTensor } from "./data/inputs.js";
import type { RowMap } from "./data/row-map.js";
import type { Model } from "./models/model.js";
import { layOut, sizeOf } from "./optim/layout.js";
import { type Checkpoint, toTensors } from "./weights.js";

export interface TrainedModel {
  readonly model: Model;
  readonly rowMap: RowMap;
  /** What the training started from. */
  readonly checkpoint: Checkpoint;
  /** A parameter's values, by the model's own name for it. */
  readonly parameter: (name: string) => Float32Array | undefined;
  /**
   * What weight decay has left of rows that compaction left out, all of them the base's: the product over the steps of
   * (1 - lr * decay). AdamW
   * and Lion do nothing else to a parameter whose gradient is always zero; with the others no row is left out.
   */
  readonly unusedRowsFactor: number;
}

export function trainedTensors(trained: TrainedModel): readonly NamedTensor[] {
  const { model, rowMap, parameter } = trained;
  const layout = layOut(model, rowMap);
  const values = new Float32Array(layout.size);
  for (const { name, offset } of layout.slots) {
    const value = parameter(name);
    if (!value) throw new Error(`the trained model has no ${name}`);
    values.set(value, offset);
  }
  const tensors = toTensors(model, layout, values, rowMap);
  for (const { origin, decay } of model.parameters) {
    if (origin.from !== "rows") continue;
    const tensor = tensors.find(({ name }) => name === origin.tensor);
    if (tensor) fillUnusedRows(tensor, trained, decay ? trained.unusedRowsFactor : 1);
  }
  return tensors;
}

/** Rows that the row map left out are zeros until now. */
function fillUnusedRows(
  { name, shape, data }: NamedTensor,
  { rowMap, checkpoint }: TrainedModel,
  factor: number,
): void {
  const before = checkpoint.find(name)?.data ?? new Float32Array();
  const width = sizeOf(shape.slice(1));
  rowMap.rowOfId.forEach((row, id) => {
    if (row >= 0) return;
    data.set(
      before.subarray(id * width, (id + 1) * width).map((value) => value * factor),
      id * width,
    );
  });
}
