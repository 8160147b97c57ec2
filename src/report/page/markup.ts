// Markup as text, for HTML and SVG: what comes from users is escaped in one place.

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Text that is markup already. */
export interface Markup {
  readonly markup: string;
}

export type Child = string | Markup;

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function escaped(text: string): string {
  // Control characters are no part of any document.
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? "").replace(/[^\P{Cc}\n\t]/gu, "");
}

/** One element; texts among its children are escaped, attributes that are undefined left out. */
export function element(name: string, attributes: Attributes, ...children: readonly Child[]): Markup {
  const given = Object.entries(attributes).flatMap(([key, value]) => {
    return value === undefined ? [] : ` ${key}="${escaped(typeof value === "number" ? shortNumber(value) : value)}"`;
  });
  const inner = children.map((child) => (typeof child === "string" ? escaped(child) : child.markup)).join("");
  return { markup: `<${name}${given.join("")}>${inner}</${name}>` };
}

/** Coordinates need no more than a hundredth of a pixel, and are the same on every machine. */
export function shortNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export interface TableColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

/** A table in a region of its own, which scrolls where the page is narrow. The first cell of a row is its heading. */
export function table<Row>(caption: string, columns: readonly TableColumn<Row>[], rows: readonly Row[]): Markup {
  const head = columns.map(({ title }) => element("th", { scope: "col" }, title));
  const body = rows.map((row) => {
    const cells = columns.map(({ cell }, i) =>
      i === 0 ? element("th", { scope: "row" }, cell(row)) : element("td", {}, cell(row)),
    );
    return element("tr", {}, ...cells);
  });
  const all = element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
  );
  return element("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": caption }, all);
}
