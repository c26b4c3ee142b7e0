import { MODEL_RULES } from '../../api/words.ts';
import { Table } from './table.tsx';

interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly message: string;
}

/** What a recipe does not do although it looks as if it did. */
export function Lint({ findings }: { readonly findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <section>
      <h2>Lint</h2>
      <Table
        label="Lint findings"
        heads={[{ text: 'Where' }, { text: 'What it does not do', kind: 'wrap' }, { text: 'Do', kind: 'wrap' }, { text: 'Rule' }]}
        rows={findings.map(({ rule, path, message }) => ({
          key: `${rule} ${path} ${message}`,
          cells: [<code key="path">{path}</code>, message, remedyOf(rule), <code key="rule">{rule}</code>],
        }))}
      />
    </section>
  );
}

function remedyOf(rule: string): string {
  return Object.entries(MODEL_RULES).find(([name]) => name === rule)?.[1].remedy ?? '';
}
