import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands/index.ts';
import { buildProgram, main } from '../../cli/main.ts';
import { RecordingTerminal } from '../../cli/terminal.cases.ts';

class Recorder extends RecordingTerminal {
  get text(): string {
    return this.written + this.told;
  }
}

const program = buildProgram({ terminal: new Recorder(), env: {}, exit: () => {}, interrupted: new AbortController().signal });

/** Words of every command that does something, with the command. */
function leaves(command: Command, words: readonly string[] = []): readonly (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[words.join(' '), command]];
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
}

/** `agent-list` from `agent-list.ts`; the two files that are no command are the list itself and what commands share. */
const files = readdirSync(join(import.meta.dirname, '../../cli/commands'))
  .filter((name) => name.endsWith('.ts') && !/\.(test|cases)\.ts$/.test(name))
  .map((name) => name.replace(/\.ts$/, ''))
  .filter((name) => name !== 'index' && name !== 'command');

describe('every file in cli/commands', () => {
  it('is one registered command of that name', () => {
    expect(
      leaves(program)
        .map(([words]) => words.replace(' ', '-'))
        .sort(),
    ).toEqual(files.sort());
    expect(COMMANDS).toHaveLength(files.length);
    expect(new Set(COMMANDS).size).toBe(files.length);
  });
});

describe.each(leaves(program))('grove %s', (words, command) => {
  it('has a description, and one for every option and argument placeholder', () => {
    expect(command.description()).toMatch(/^[a-z].{9,}/);
    expect(command.description()).not.toMatch(/\.$/);
    expect(command.options.filter(({ description }) => description === '')).toEqual([]);
  });

  it('answers --help with its usage and ends with 0', async () => {
    const terminal = new Recorder();
    expect(await main([...words.split(' '), '--help'], terminal, {})).toBe(0);
    expect(terminal.text).toContain(`Usage: grove ${words}`);
    expect(terminal.text).toContain(command.description().slice(0, 40));
  });

  it('refuses an unknown option with 2', async () => {
    const terminal = new Recorder();
    const required = command.options
      .filter(({ mandatory }) => mandatory)
      .flatMap(({ long, argChoices }) => [long ?? '', argChoices?.[0] ?? (long === '--state' ? 'stale' : 'value')]);
    expect(await main([...words.split(' '), ...required, '--no-such-option'], terminal, {})).toBe(2);
    expect(terminal.text).toContain("unknown option '--no-such-option'");
  });
});

describe('grove', () => {
  it('shows every noun in its help', async () => {
    const terminal = new Recorder();
    expect(await main(['--help'], terminal, {})).toBe(0);
    for (const { name } of program.commands.map((command) => ({ name: command.name() }))) expect(terminal.text).toContain(`  ${name}`);
  });

  it.each([
    ['sumbit', 'submit'],
    ['job lst', 'list'],
  ])('refuses "%s" with 2 and names what was meant', async (words, meant) => {
    const terminal = new Recorder();
    expect(await main(words.split(' '), terminal, {})).toBe(2);
    expect(terminal.text).toContain(`Did you mean ${meant}?`);
  });
});
