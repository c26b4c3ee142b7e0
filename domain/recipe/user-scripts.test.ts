import { describe, expect, it } from 'vitest';
import { minimalDocument, parse } from './recipe.cases.ts';
import { isScripted } from './user-scripts.ts';

const data_configs = [
  { name: 'd', type: 'DataContainer', user_script: 'rows.py' },
  { name: 'e', type: 'DataContainer' },
];

describe('the Python code of a recipe', () => {
  it('lacks its file unless that came along', () => {
    const { recipe } = parse(minimalDocument({ data_configs }));
    expect(recipe).toMatchObject({ lackingScripts: ['$.data_configs[0].user_script'], scripts: {} });
  });

  it('is whole with its file, and makes the rows of its data config', () => {
    const { recipe } = parse(minimalDocument({ data_configs, grove_user_scripts: { 'rows.py': 'x = 1' } }));
    expect(recipe).toMatchObject({ userScripts: ['$.data_configs[0].user_script'], lackingScripts: [], scripts: { 'rows.py': 'x = 1' } });
    expect(recipe.dataConfigs.map((config) => isScripted(recipe, config))).toEqual([true, false]);
  });

  it('is none when nothing names the files that came along', () => {
    const { recipe } = parse(minimalDocument({ grove_user_scripts: { 'rows.py': 'x = 1' } }));
    expect(recipe).toMatchObject({ userScripts: [], lackingScripts: [], scripts: {} });
  });

  it('cannot come along as a folder, or as code of a model', () => {
    const passes = { c: { type: 'OnnxConversion', script_dir: 'rows.py' } };
    const { recipe } = parse(minimalDocument({ passes, grove_user_scripts: { 'rows.py': 'x = 1' } }));
    expect(recipe.lackingScripts).toEqual(['$.passes.c.script_dir']);
  });

  it.each(['../rows.py', 'a/rows.py', 'rows.txt', '.py', 'C:\\\\rows.py'])('never has a file called %s', (name) => {
    expect(() => parse(minimalDocument({ grove_user_scripts: { [name]: '' } }))).toThrow(
      expect.objectContaining({ code: 'recipe-invalid' }),
    );
  });
});
