import { columnText, type MatrixColumn, type MatrixRow, publishedText, rowText } from '../../api/words.ts';

/** Which recipe a row is. A recipe that was submitted as a file has no page. */
export function RowHead({ row, compact }: { readonly row: MatrixRow; readonly compact: boolean }) {
  const { name, digest, title, target, lint } = rowText(row);
  const [catalogueId = row.recipeId] = row.recipeId.split(' ');
  return (
    <div class="head-box">
      <span class="line">
        {catalogueId.startsWith('adhoc:') ? (
          <strong>{name}</strong>
        ) : (
          <a href={`/recipes/${encodeURIComponent(catalogueId)}`} tabIndex={-1}>
            <strong>{name}</strong>
          </a>
        )}{' '}
        <code>{digest}</code> {lint !== '' && <span class="badge">{lint}</span>}
      </span>
      {!compact && (
        <>
          <span class="line muted">{title}</span>
          <span class="line muted">{target}</span>
        </>
      )}
    </div>
  );
}

/** What somebody else published for a row. */
export function PublishedBox({ row, compact }: { readonly row: MatrixRow; readonly compact: boolean }) {
  const { figure, hardware } = publishedText(row.published);
  return (
    <div class="head-box">
      <span class="line">{figure === '' ? <span class="muted">–</span> : figure}</span>
      {!compact && <span class="line muted">{hardware}</span>}
    </div>
  );
}

interface ColumnHeadProps {
  readonly column: MatrixColumn;
  /** How this column orders the rows now; undefined when it does not. */
  readonly order: 'ascending' | 'descending' | undefined;
  readonly onSort: () => void;
}

/** Which devices a column is; pressing it orders the rows by its latency. */
export function ColumnHead({ column, order, onSort }: ColumnHeadProps) {
  const { device, detail, units, emulated } = columnText(column);
  const sign = order === undefined ? '' : order === 'ascending' ? '↑' : '↓';
  return (
    <button type="button" class="head-box" onClick={onSort} title={`${device}: order rows by latency`} tabIndex={-1}>
      <span class="line">
        <strong>{device}</strong> {sign}
      </span>
      <span class="line muted">{detail}</span>
      <span class="line muted">
        {column.deviceClass}
        {units !== '' && ` · ${units}`} {emulated && <span class="badge">emulated</span>}
      </span>
    </button>
  );
}
