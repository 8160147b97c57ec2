// The formats of data files, and which one a file has where the sweep file leaves that to its ending.
import { extname } from "node:path";

export const DATA_FORMATS = ["jsonl", "csv", "tsv", "text", "parquet", "conll"] as const;
export type DataFormat = (typeof DATA_FORMATS)[number];

const ENDINGS: Readonly<Record<string, DataFormat>> = {
  ".csv": "csv",
  ".tsv": "tsv",
  ".tab": "tsv",
  ".txt": "text",
  ".parquet": "parquet",
  ".conll": "conll",
  ".bio": "conll",
  ".iob": "conll",
  ".iob2": "conll",
};

/** The given format, else the one that the file's ending stands for; JSONL for endings that stand for none. */
export function formatOf(file: string, given?: DataFormat): DataFormat {
  return given ?? ENDINGS[extname(file).toLowerCase()] ?? "jsonl";
}
