// Rows as text: aligned columns for people, CSV (RFC 4180) for programs.

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers are aligned right, the default; words left. */
  readonly align?: "left" | "right";
}

/** A heading and a line per row; columns are two spaces apart and nothing trails. */
export function textTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly string[] {
  const lines = [columns.map((column) => column.title), ...rows.map((row) => columns.map((c) => oneLine(c.cell(row))))];
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => width(cells[i] ?? ""))));
  return lines.map((cells) =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? "right"))
      .join("  ")
      .trimEnd(),
  );
}

/** A heading and a line per row, without the last line's end. Null is an empty field. */
export function csv(
  titles: readonly string[],
  rows: readonly (readonly (string | number | boolean | null)[])[],
): string {
  return [titles, ...rows].map((cells) => cells.map(csvField).join(",")).join("\n");
}

function csvField(value: string | number | boolean | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function oneLine(text: string): string {
  return /^[!-~]*$/.test(text) ? text : text.replace(/\s+/g, " ");
}

function width(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : [...text].length;
}

function pad(text: string, columns: number, align: "left" | "right"): string {
  const space = " ".repeat(columns - width(text));
  return align === "left" ? text + space : space + text;
}
