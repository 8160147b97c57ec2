// Where parameters lie: all of them in one flat buffer, each group's in contiguous segments. Introduced rows directly
// follow the base rows of the same tensor, so that the model sees one table and the optimizer two groups, without a copy.
import { DualrateError } from "../../errors.js";
import type { GroupName } from "../config.js";
import type { Model, ParameterSpec } from "../models/model.js";

/** A parameter's place, in floats. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** A run of floats that one group owns and that decays, or does not, as a whole. */
export interface Segment {
  readonly group: GroupName;
  readonly decay: boolean;
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

/** `baseRows`: rows of the row map that belong to the base group. */
export function layOut(model: Model, baseRows: number): Layout {
  const slots: Slot[] = [];
  const segments: Segment[] = [];
  let end = 0;
  const claim = (group: GroupName, decay: boolean, length: number) => {
    const last = segments.at(-1);
    if (last?.group === group && last.decay === decay) segments.splice(-1, 1, { ...last, end: end + length });
    else if (length > 0) segments.push({ group, decay, start: end, end: end + length });
    end += length;
  };
  for (const { name, shape, decay, origin } of inOrder(model.parameters)) {
    const length = sizeOf(shape);
    slots.push({ name, shape, offset: end, length });
    const own = origin.from === "rows" ? (length / (shape[0] as number)) * baseRows : length;
    claim(origin.from === "new" ? "head" : "base", decay, own);
    claim("introduced", decay, length - own);
  }
  assertCovered(segments, end);
  return { slots, segments, size: end };
}

/** Whether a group owns all of a parameter. */
export function ownsAll({ segments }: Layout, group: GroupName, { offset, length }: Slot): boolean {
  const owners = segments.filter(({ start, end }) => start < offset + length && end > offset);
  return owners.every((segment) => segment.group === group);
}

/** Decayed before not decayed; within each the head, then the base, then what the base shares with introduced rows. */
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
