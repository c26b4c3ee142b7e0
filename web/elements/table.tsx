import type { ComponentChildren } from 'preact';

/** A column of a table. */
export interface Head {
  readonly text: string;
  /** Figures stand at the right, so that their digits align. */
  readonly kind?: 'figure' | 'wrap';
}

interface TableProps {
  readonly label: string;
  readonly heads: readonly Head[];
  /** The first of each row is its head. */
  readonly rows: readonly { readonly key: string; readonly cells: readonly ComponentChildren[] }[];
}

/** A table that scrolls by itself where it is too wide. */
export function Table({ label, heads, rows }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section class="scroll" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map(({ text, kind }) => (
              <th key={text} scope="col" class={kind}>
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells: [first, ...others] }) => (
            <tr key={key}>
              <th scope="row" class={heads[0]?.kind}>
                {first}
              </th>
              {others.map((cell, index) => (
                <td key={heads[index + 1]?.text} class={heads[index + 1]?.kind}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
