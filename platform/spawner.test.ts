import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { GroveError } from '../domain/errors.ts';
import type { Child } from '../domain/ports.ts';
import { identifyProcess, isSameProcess } from './process-identity.ts';
import { createSpawner } from './spawner.ts';

function startNode(source: string, options: { readonly maxLineChars?: number } = {}): Child {
  return createSpawner(options).spawn({ file: process.execPath, args: ['-e', source], cwd: tmpdir(), env: {} });
}

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const collected: string[] = [];
  for await (const line of lines) collected.push(line);
  return collected;
}

describe('createSpawner', () => {
  it('passes nothing of its own environment on', async () => {
    const child = startNode('console.log(JSON.stringify(Object.keys(process.env)))');
    const keys: unknown = JSON.parse((await linesOf(child.stdout))[0] ?? '');
    expect(keys).not.toContain('PATH');
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  it('carries lines both ways', async () => {
    const child = startNode(
      "process.stdin.once('data', (text) => { process.stdout.write('got ' + text); console.error('aside'); process.exit(3); })",
    );
    child.write('hello\n');
    expect(await linesOf(child.stdout)).toEqual(['got hello']);
    expect(await linesOf(child.stderr)).toEqual(['aside']);
    expect(await child.exited).toEqual({ code: 3, signal: null });
  });

  it('kills a child that ignores every polite signal, together with its own children', async () => {
    const grandchild = 'setInterval(() => {}, 1000)';
    const child = startNode(
      `process.on('SIGTERM', () => {}); const c = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'ignore' }); console.log(c.pid); setInterval(() => {}, 1000)`,
    );
    const lines = child.stdout[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    const identity = await identifyProcess(pid);
    expect(identity).toBeDefined();
    child.kill();
    expect((await child.exited).signal).toBe('SIGKILL');
    await expect.poll(() => identity && isSameProcess(identity)).toBe(false);
  });

  it('ends a child that writes a line without end', async () => {
    const child = startNode("setInterval(() => process.stdout.write('x'.repeat(1000)), 1)", { maxLineChars: 10_000 });
    expect(await linesOf(child.stdout)).toEqual([]);
    expect((await child.exited).signal).toBe('SIGKILL');
  });

  it('says so when a program cannot be started', () => {
    expect(() => createSpawner().spawn({ file: '/nonexistent/program', args: [], cwd: tmpdir(), env: {} })).toThrow(GroveError);
  });

  it('survives writing to a child that is gone', async () => {
    const child = startNode('');
    await child.exited;
    child.write('too late\n');
    child.kill();
  });
});
