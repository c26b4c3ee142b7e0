import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRows } from './data-source.ts';
import { MAX_LINE_BYTES } from './lines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-data-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function parquet(rowCount: number): Uint8Array {
  const ids = Array.from({ length: rowCount }, (_, i) => BigInt(i));
  const columnData = [
    { name: 'id', data: ids, type: 'INT64' as const },
    { name: 'premise', data: ids.map((id) => `premise ${id}`), type: 'STRING' as const },
    { name: 'unused', data: ids.map(() => 'x'), type: 'STRING' as const },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 10 }));
}

describe('readRows on JSON Lines', () => {
  it('reads the first rows and the asked columns, ignoring blank lines, CRLF and a byte order mark', async () => {
    const path = await file('a.jsonl', '\uFEFF{"premise":"one","n":1}\r\n\n{"premise":"two"}\n{"premise":"three"}');
    expect(await readRows({ file: path, columns: ['premise'], limit: 2 })).toEqual([{ premise: 'one' }, { premise: 'two' }]);
    expect(await readRows({ file: path, limit: 9 })).toEqual([{ premise: 'one', n: 1 }, { premise: 'two' }, { premise: 'three' }]);
  });

  it('never reads past the last row asked for', async () => {
    const path = await file('a.jsonl', '{"a":1}\n{"a":2}\nnot json\n');
    expect(await readRows({ file: path, limit: 2 })).toHaveLength(2);
    await expect(readRows({ file: path, limit: 3 })).rejects.toThrow(/line 3/);
  });

  it.each([
    ['a line that is not JSON', '{"a":1}\n{"a":\n', /a\.jsonl line 2/],
    ['a line that is not an object', '{"a":1}\n[1]\n', /line 2: a line must hold one JSON object/],
    ['a missing column', '{"a":1}\n{"b":1}\n', /line 2: it has no column "a"; it has b/],
    ['a column inherited from Object', '{"a":1}\n{"toString":1}\n', /line 2: it has no column "a"/],
    ['an empty file', '', /it is empty/],
    ['another format', 'a,b\n1,2\n', /neither JSON Lines/],
  ])('refuses %s and says where', async (_, content, message) => {
    await expect(readRows({ file: await file('a.jsonl', content), columns: ['a'], limit: 5 })).rejects.toThrow(message);
  });

  it('refuses bytes that are not UTF-8', async () => {
    const path = await file('a.jsonl', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]));
    await expect(readRows({ file: path, limit: 1 })).rejects.toThrow(/line 1: it is not UTF-8/);
  });

  it('refuses an endless line without keeping it', async () => {
    const path = await file('a.jsonl', `{"a":"${'x'.repeat(MAX_LINE_BYTES + 1)}"}`);
    await expect(readRows({ file: path, limit: 1 })).rejects.toThrow(/line 1: the line is longer/);
  });

  // Stands for a named pipe, whose opening would wait for a writer.
  if (process.platform !== 'win32') {
    it('refuses a device before it opens it', async () => {
      await expect(readRows({ file: '/dev/null', limit: 1 })).rejects.toThrow('it is not a file');
    });
  }

  it('refuses a file that does not exist', async () => {
    await expect(readRows({ file: join(folder, 'absent'), limit: 1 })).rejects.toMatchObject({ code: 'invalid-data-file' });
  });
});

describe('readRows on Parquet', () => {
  it('reads the first rows across row groups with plain integers', async () => {
    const path = await file('a.parquet', parquet(35));
    const rows = await readRows({ file: path, columns: ['id', 'premise'], limit: 12 });
    expect(rows).toHaveLength(12);
    expect(rows[11]).toEqual({ id: 11, premise: 'premise 11' });
  });

  it('makes plain integers in lists too, and digits of those that no number holds', async () => {
    const schema = [
      { name: 'root', num_children: 1 },
      { name: 'ids', repetition_type: 'OPTIONAL' as const, num_children: 1, converted_type: 'LIST' as const },
      { name: 'list', repetition_type: 'REPEATED' as const, num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL' as const, type: 'INT64' as const },
    ];
    const bytes = new Uint8Array(parquetWriteBuffer({ schema, columnData: [{ name: 'ids', data: [[7n, 2n ** 60n]] }] }));
    expect(await readRows({ file: await file('a.parquet', bytes), limit: 1 })).toEqual([{ ids: [7, '1152921504606846976'] }]);
  });

  it('knows the format by content, whatever the name', async () => {
    expect(await readRows({ file: await file('a.jsonl', parquet(3)), columns: ['id'], limit: 9 })).toEqual([
      { id: 0 },
      { id: 1 },
      { id: 2 },
    ]);
  });

  it('names the columns it has when one is missing', async () => {
    await expect(readRows({ file: await file('a.parquet', parquet(3)), columns: ['text'], limit: 1 })).rejects.toThrow(
      /no column "text"; it has id, premise, unused/,
    );
  });

  it('refuses every truncation of a file', async () => {
    const bytes = parquet(12);
    for (let length = 4; length < bytes.length; length += 37) {
      const path = await file('cut.parquet', bytes.subarray(0, length));
      await expect(readRows({ file: path, limit: 20 })).rejects.toMatchObject({ code: 'invalid-data-file' });
    }
  });

  it('can decompress what Hugging Face data sets use', () => {
    expect(Object.keys(compressors)).toEqual(expect.arrayContaining(['SNAPPY', 'ZSTD', 'GZIP', 'BROTLI']));
  });
});

describe('readRows on CSV and TSV', () => {
  it('reads quoted cells, line breaks inside them, CRLF and a byte order mark; cells are text', async () => {
    const path = await file('a.csv', '\uFEFFpremise,label\r\n"one, with ""quotes""",1\r\n"two\nlines",0\r\n');
    expect(await readRows({ file: path, limit: 9 })).toEqual([
      { premise: 'one, with "quotes"', label: '1' },
      { premise: 'two\nlines', label: '0' },
    ]);
    const tabs = await file('a.tsv', 'premise\tlabel\none, two\t3\n');
    expect(await readRows({ file: tabs, columns: ['premise'], limit: 9 })).toEqual([{ premise: 'one, two' }]);
  });

  it('never reads past the last row asked for', async () => {
    const path = await file('a.csv', 'a,b\n1,2\n3,4\n5\n');
    expect(await readRows({ file: path, limit: 2 })).toHaveLength(2);
    const long = await file('long.csv', `a,b\n${'1,2\n'.repeat(100_000)}`);
    expect(await readRows({ file: long, limit: 2 })).toHaveLength(2);
    expect(await readRows({ file: long, limit: 90_000 })).toHaveLength(90_000);
    await expect(readRows({ file: path, limit: 3 })).rejects.toThrow(/a\.csv line 4/);
  });

  it.each([
    ['a missing column', 'b,c\n1,2\n', /it has no column "a"; it has b, c/],
    ['a column that stands twice', 'a,a\n1,2\n', /column "a" stands twice/],
    ['a quote that never closes', 'a\n"1\n', /line/],
    ['an empty file', '', /it is empty/],
  ])('refuses %s', async (_, content, message) => {
    await expect(readRows({ file: await file('a.csv', content), columns: ['a'], limit: 5 })).rejects.toThrow(message);
  });

  it('refuses bytes that are not UTF-8', async () => {
    const path = await file('a.csv', Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0x0a])]));
    await expect(readRows({ file: path, limit: 1 })).rejects.toThrow(/it is not UTF-8/);
  });
});

describe('readRows on plain text', () => {
  it('takes every line as a row with the column text', async () => {
    const path = await file('a.txt', 'one\r\n\n{three}');
    expect(await readRows({ file: path, columns: ['text'], limit: 9 })).toEqual([{ text: 'one' }, { text: '' }, { text: '{three}' }]);
    expect(await readRows({ file: path, limit: 1 })).toEqual([{ text: 'one' }]);
  });

  it('has no other column', async () => {
    await expect(readRows({ file: await file('a.txt', 'one'), columns: ['premise'], limit: 9 })).rejects.toThrow(/no column "premise"/);
  });
});

describe('readRows of any format', () => {
  it('keeps an optional column where it is there', async () => {
    const files = [
      await file('a.jsonl', '{"premise":"premise 0","n":1}\n'),
      await file('a.csv', 'premise,n\npremise 0,1\n'),
      await file('a.parquet', parquet(1)),
    ];
    const query = { columns: ['premise'], optional: ['n', 'id', 'absent'], limit: 1 };
    const rows = await Promise.all(files.map(async (path) => (await readRows({ file: path, ...query }))[0]));
    expect(rows).toEqual([
      { premise: 'premise 0', n: 1 },
      { premise: 'premise 0', n: '1' },
      { premise: 'premise 0', id: 0 },
    ]);
  });
});
