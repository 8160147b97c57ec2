// The order in which people count: RX_2 before RX_10.

const { compare } = new Intl.Collator("en", { numeric: true });

/** For sort(); strings that the collation takes for equal are ordered by their code units. */
export function compareNaturally(a: string, b: string): number {
  return compare(a, b) || (a < b ? -1 : 1);
}
