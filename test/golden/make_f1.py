"""Writes f1.json: entity F1 by a transcription of seqeval's algorithm (seqeval/metrics/sequence_labeling.py, version 1.2.2:
get_entities, start_of_chunk, end_of_chunk, f1_score with average="micro" and mode=None), and macro F1 by scikit-learn.
Run: python test/golden/make_f1.py; needs scikit-learn. The first cases are the examples of seqeval's documentation."""

import json
import random
from pathlib import Path

from sklearn.metrics import f1_score


def end_of_chunk(prev_tag, tag, prev_type, type_):
    chunk_end = False
    if prev_tag == "E":
        chunk_end = True
    if prev_tag == "S":
        chunk_end = True
    if prev_tag == "B" and tag == "B":
        chunk_end = True
    if prev_tag == "B" and tag == "S":
        chunk_end = True
    if prev_tag == "B" and tag == "O":
        chunk_end = True
    if prev_tag == "I" and tag == "B":
        chunk_end = True
    if prev_tag == "I" and tag == "S":
        chunk_end = True
    if prev_tag == "I" and tag == "O":
        chunk_end = True
    if prev_tag != "O" and prev_tag != "." and prev_type != type_:
        chunk_end = True
    return chunk_end


def start_of_chunk(prev_tag, tag, prev_type, type_):
    chunk_start = False
    if tag == "B":
        chunk_start = True
    if tag == "S":
        chunk_start = True
    if prev_tag == "E" and tag == "E":
        chunk_start = True
    if prev_tag == "E" and tag == "I":
        chunk_start = True
    if prev_tag == "S" and tag == "E":
        chunk_start = True
    if prev_tag == "S" and tag == "I":
        chunk_start = True
    if prev_tag == "O" and tag == "E":
        chunk_start = True
    if prev_tag == "O" and tag == "I":
        chunk_start = True
    if tag != "O" and tag != "." and prev_type != type_:
        chunk_start = True
    return chunk_start


def get_entities(seq):
    if any(isinstance(s, list) for s in seq):
        seq = [item for sublist in seq for item in sublist + ["O"]]
    prev_tag, prev_type, begin_offset, chunks = "O", "", 0, []
    for i, chunk in enumerate(seq + ["O"]):
        tag = chunk[0]
        type_ = chunk[1:].split("-", maxsplit=1)[-1] or "_"
        if end_of_chunk(prev_tag, tag, prev_type, type_):
            chunks.append((prev_type, begin_offset, i - 1))
        if start_of_chunk(prev_tag, tag, prev_type, type_):
            begin_offset = i
        prev_tag, prev_type = tag, type_
    return chunks


def entity_f1(y_true, y_pred):
    true, pred = set(get_entities(y_true)), set(get_entities(y_pred))
    hits = len(true & pred)
    precision = hits / len(pred) if pred else 0.0
    recall = hits / len(true) if true else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


DOCUMENTED = [
    ([["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]],
     [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]], 0.5),
    ([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "O", "B-LOC"]], 1.0),
]
SCHEMES = {
    "IOB2": ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
    "BIOES": ["O", "B-PER", "I-PER", "E-PER", "S-PER", "B-LOC", "I-LOC", "E-LOC", "S-LOC"],
    "without types": ["O", "B", "I", "E", "S"],
    "types with hyphens": ["O", "B-a-b", "I-a-b", "B-a", "I-a"],
}


def case(tags, true, pred):
    return {"tags": tags, "true": true, "predicted": pred, "entities": [get_entities(s) for s in pred], "f1": entity_f1(true, pred)}


def drawn(tags, draw):
    lengths = [draw.randint(1, 9) for _ in range(6)]
    true = [[draw.choice(tags) for _ in range(n)] for n in lengths]
    # Mostly right, so that the F1 is neither 0 nor 1.
    pred = [[tag if draw.random() < 0.7 else draw.choice(tags) for tag in sentence] for sentence in true]
    return case(tags, true, pred)


def macro(classes, draw):
    true = [draw.randrange(classes) for _ in range(20)]
    pred = [label if draw.random() < 0.5 else draw.randrange(classes) for label in true]
    return {"true": true, "predicted": pred, "f1": f1_score(true, pred, average="macro")}


if __name__ == "__main__":
    draw = random.Random(7)
    entity = []
    for true, pred, expected in DOCUMENTED:
        assert entity_f1(true, pred) == expected
        entity.append(case(sorted({tag for sentence in true + pred for tag in sentence}), true, pred))
    entity += [drawn(tags, draw) for tags in SCHEMES.values() for _ in range(3)]
    entity.append(case(["O", "B-PER"], [["O", "O"]], [["O", "O"]]))
    classes = [macro(n, draw) for n in (2, 3, 7, 40)]
    values = {"entity": entity, "macro": classes}
    (Path(__file__).resolve().parent / "f1.json").write_text(json.dumps(values) + "\n")
    print([c["f1"] for c in entity], [c["f1"] for c in classes])
