// Where parameters lie: all of them in one flat buffer, each group's in contiguous segments. Token groups' and introduced
// rows directly follow the base rows of the same tensor, so that the model sees one table and the optimizer several groups,
// without a copy.
import { DualrateError } from "../../errors.js";
import type { GroupName } from "../config.js";
import type { RowGroups } from "../data/row-map.js";
import type { Model, ParameterSpec } from "../models/model.js";

/** A parameter's place, in floats. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** A run of floats that one group owns, with one learning rate, and that decays, or does not, as a whole. */
export interface Segment {
  readonly group: GroupName;
  readonly decay: boolean;
  /** Multiplies the group's learning rate: layer-wise decay. */
  readonly lrFactor: number;
  readonly start: number;
  readonly end: number;
}

export interface Layout {
  readonly slots: readonly Slot[];
  readonly segments: readonly Segment[];
  /** Floats in all. */
  readonly size: number;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * `layerLrDecay` d gives the base group's parameters the factor d^n, with n layers above them (`Model.layersAbove`), as in
 * BEiT (Bao et al., 2021, get_num_layer_for_vit); the other groups have rates of their own.
 */
export function layOut(model: Model, rows: RowGroups, layerLrDecay = 1): Layout {
  const slots: Slot[] = [];
  const segments: Segment[] = [];
  let end = 0;
  const claim = (group: GroupName, decay: boolean, length: number, lrFactor = 1) => {
    const last = segments.at(-1);
    const same = last?.group === group && last.decay === decay && last.lrFactor === lrFactor;
    if (same) segments.splice(-1, 1, { ...last, end: end + length });
    else if (length > 0) segments.push({ group, decay, lrFactor, start: end, end: end + length });
    end += length;
  };
  for (const { name, shape, decay, origin } of inOrder(model.parameters)) {
    const length = sizeOf(shape);
    slots.push({ name, shape, offset: end, length });
    if (origin.from === "new") {
      claim("head", decay, length);
      continue;
    }
    const lrFactor = layerLrDecay ** model.layersAbove(name);
    if (origin.from === "checkpoint") {
      claim("base", decay, length, lrFactor);
      continue;
    }
    const width = length / (shape[0] as number);
    const grouped = rows.tokenGroups.reduce((sum, group) => sum + group.rows, 0);
    claim("base", decay, width * (rows.baseRows - grouped), lrFactor);
    for (const group of rows.tokenGroups) claim(group.name, decay, width * group.rows);
    claim("introduced", decay, length - width * rows.baseRows);
  }
  assertCovered(segments, end);
  return { slots, segments, size: end };
}

/** Whether a group owns all of a parameter. */
export function ownsAll({ segments }: Layout, group: GroupName, { offset, length }: Slot): boolean {
  const owners = segments.filter(({ start, end }) => start < offset + length && end > offset);
  return owners.every((segment) => segment.group === group);
}

/** Decayed before not decayed; within each the head, then the base, then what the base shares with rows of other groups. */
function inOrder(specs: readonly ParameterSpec[]): ParameterSpec[] {
  const rank = ({ decay, origin }: ParameterSpec) => (decay ? 0 : 3) + { new: 0, checkpoint: 1, rows: 2 }[origin.from];
  return specs.toSorted((a, b) => rank(a) - rank(b));
}

/** Every parameter belongs to exactly one group. */
function assertCovered(segments: readonly Segment[], size: number): void {
  let covered = 0;
  for (const { start, end } of segments) {
    if (start !== covered || end <= start) break;
    covered = end;
  }
  if (covered !== size) throw new DualrateError("internal", `parameter groups cover ${covered} of ${size} parameters`);
}
