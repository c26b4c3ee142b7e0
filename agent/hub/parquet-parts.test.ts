import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lengthOf } from '../../engine/data/file-parts.ts';
import { planParquetRead } from '../../engine/data/parquet-plan.ts';
import { selectRows } from '../../engine/data/select-rows.ts';
import { fetchFooter, fetchRanges, type RemoteParquet } from './parquet-parts.ts';

/** `key` lies in front of a column that nobody reads and that is far larger, `text` behind it; 20 row groups. */
function remoteOf(rows: number): RemoteParquet {
  const keys = Array.from({ length: rows }, (_, row) => row);
  const columnData = [
    { name: 'key', data: keys, type: 'INT32' as const },
    { name: 'html', data: keys.map((row) => `${row * 7919}`.repeat(500)), type: 'STRING' as const },
    { name: 'text', data: keys.map((row) => `text ${row}`), type: 'STRING' as const },
  ];
  const bytes = Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: rows / 20, codec: 'UNCOMPRESSED' }));
  return {
    name: 'some.parquet',
    sizeBytes: bytes.length,
    read: async ({ from, to }) => bytes.subarray(from, to),
  };
}

describe('a remote Parquet file', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-parts-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('takes no more room here than the bytes that were fetched, and gives its rows', async () => {
    const remote = remoteOf(2_000);
    const query = { file: join(folder, 'part.parquet'), columns: ['key', 'text'], optional: [], limit: 150 };
    const footer = await fetchFooter(remote, query.file);
    const plan = await planParquetRead({ ...query, parts: footer });
    const parts = await fetchRanges(remote, plan, { path: query.file, parts: footer, onBytes: () => {} });
    const { size } = await stat(query.file);
    expect(size).toBe(lengthOf(parts.ranges));
    expect(size).toBeLessThan(remote.sizeBytes / 4);
    const outFile = join(folder, 'rows.jsonl');
    expect(await selectRows({ ...query, parts, outFile })).toBe(150);
    const rows = (await readFile(outFile, 'utf8')).trim().split('\n');
    expect(rows.map((line) => JSON.parse(line) as unknown)).toEqual(rows.map((_, row) => ({ key: row, text: `text ${row}` })));
  });

  it('of the size of a data set needs no room for what it does not send', async () => {
    const footerBytes = 300_000;
    const end = Buffer.alloc(8);
    end.writeUInt32LE(footerBytes);
    end.write('PAR1', 4, 'latin1');
    const sizeBytes = 2 ** 40;
    const read: RemoteParquet['read'] = async ({ from, to }) => {
      const bytes = Buffer.alloc(to - from);
      if (to === sizeBytes) end.copy(bytes, bytes.length - 8);
      return bytes;
    };
    const path = join(folder, 'part.parquet');
    const { ranges } = await fetchFooter({ name: 'large.parquet', sizeBytes, read }, path);
    expect((await stat(path)).size).toBe(footerBytes + 8);
    expect(lengthOf(ranges)).toBe(footerBytes + 8);
  });
});
