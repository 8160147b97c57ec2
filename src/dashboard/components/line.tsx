// One row of cells: segments with their colours, cut where the terminal ends.
import { Text } from "ink";
import type { Segment } from "../format.js";
import type { Theme } from "../theme.js";

export interface LineProps {
  readonly segments: readonly Segment[];
  readonly theme: Theme;
  readonly bold?: boolean;
}

export function Line({ segments, theme, bold = false }: LineProps) {
  return (
    <Text wrap="truncate" bold={bold}>
      {segments.map(({ text, color, bold: strong, dim }, index) => (
        <Text
          // biome-ignore lint/suspicious/noArrayIndexKey: a line's segments have no identity but their place
          key={index}
          {...(theme.color && color !== undefined && { color })}
          {...(strong !== undefined && { bold: strong })}
          dimColor={theme.color && dim === true}
        >
          {text}
        </Text>
      ))}
    </Text>
  );
}

/** A pane's title in a rule as wide as the pane: `─[1] Trials, by validation loss ──── 1-20 of 120 ─`. */
export function titleSegments(title: string, note: string, width: number, { glyphs }: Theme): readonly Segment[] {
  const [left, right] = [`${glyphs.rule}${title} `, note === "" ? "" : ` ${note} ${glyphs.rule}`];
  const room = width - left.length - right.length;
  if (room < 1) return [{ text: left.padEnd(width, glyphs.rule) }];
  return [{ text: left, bold: true }, { text: glyphs.rule.repeat(room) + right }];
}
