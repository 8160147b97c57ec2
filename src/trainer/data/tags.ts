// The tags of words that mark entities: IOB2, IOB, BIOES.

export const OUTSIDE = "O";

/** Whether the tags are those of entities: O, or begin, inside, end or single, with a type or without. */
export function markEntities(tags: readonly string[]): boolean {
  return tags.every((tag) => /^(O|[BIES](-.*)?)$/su.test(tag));
}

export interface Entity {
  readonly type: string;
  /** Indices of its first and last word. */
  readonly first: number;
  readonly last: number;
}

/** The entities of a sequence of tags, also where these break their own scheme: seqeval's get_entities. */
export function entitiesOf(tags: readonly string[]): readonly Entity[] {
  const entities: Entity[] = [];
  let before = chunkOf(OUTSIDE);
  let first = 0;
  for (const [index, tag] of [...tags, OUTSIDE].entries()) {
    const chunk = chunkOf(tag);
    if (endsBetween(before, chunk)) entities.push({ type: before.type, first, last: index - 1 });
    if (startsBetween(before, chunk)) first = index;
    before = chunk;
  }
  return entities;
}

interface Chunk {
  /** O, B, I, E or S. */
  readonly prefix: string;
  readonly type: string;
}

function chunkOf(tag: string): Chunk {
  return { prefix: tag.charAt(0), type: tag.slice(2) || "_" };
}

/** seqeval's end_of_chunk. */
function endsBetween(before: Chunk, after: Chunk): boolean {
  if (before.prefix === OUTSIDE) return false;
  return "ES".includes(before.prefix) || "BSO".includes(after.prefix) || before.type !== after.type;
}

/** seqeval's start_of_chunk. */
function startsBetween(before: Chunk, after: Chunk): boolean {
  if (after.prefix === OUTSIDE) return false;
  return "BS".includes(after.prefix) || "ESO".includes(before.prefix) || before.type !== after.type;
}
