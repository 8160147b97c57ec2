// The script's evaluation where the metric is F1. The rules are trainer/f1.ts's and trainer/data/tags.ts's.
import { type Twin, tags } from "./twin.js";

const MACRO = `@torch.no_grad()
def evaluate(split, batches):
    """The mean of the classes' F1, over classes that occur (scikit-learn's macro average)."""
    split.eval()
    seen, hits = collections.Counter(), collections.Counter()
    for batch in batches:
        guesses = target_losses(split, batch)[1].argmax(-1)
        for label, guess in zip(target_labels(batch).tolist(), guesses.tolist()):
            seen.update([label, guess])
            hits[label] += label == guess
    return sum(2 * hits[name] / seen[name] for name in seen) / len(seen)`;

const ENTITIES = `def entities(tags):
    """Type, first and last word of each entity that the tags mark, as seqeval finds them."""
    found, first, before = set(), 0, ("O", "_")
    for i, tag in enumerate([*tags, "O"]):
        now = (tag[0], tag[2:] or "_")
        other = before[1] != now[1]
        if before[0] != "O" and (before[0] in "ES" or now[0] in "BSO" or other):
            found.add((before[1], first, i - 1))
        if now[0] != "O" and (now[0] in "BS" or before[0] in "ESO" or other):
            first = i
        before = now
    return found


@torch.no_grad()
def evaluate(split, batches, classes):
    """F1 of all entities together."""
    split.eval()
    marked, hits = 0, 0
    for batch in batches:
        guesses = target_losses(split, batch)[1].argmax(-1).view(batch["labels"].shape)
        for labels, guessed in zip(batch["labels"], guesses):
            asked = labels != -100
            actual = entities([classes[i] for i in labels[asked]])
            predicted = entities([classes[i] for i in guessed[asked]])
            marked += len(actual) + len(predicted)
            hits += len(actual & predicted)
    return 2 * hits / marked if marked else 0.0`;

export function f1Code(twin: Twin): string {
  return tags(twin) ? ENTITIES : MACRO;
}
