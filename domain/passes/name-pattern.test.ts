import { describe, expect, it } from 'vitest';
import { patternProblem, pythonOnlySyntax } from './name-pattern.ts';

describe('patternProblem', () => {
  it.each(['logits', '^out(put)?_\\d+$', '(a|b)', '(ab)+', '[(+*]+', '\\(a+\\)+', 'a{2,3}', ''])('accepts %s', (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
  });

  it.each(['(a+)+', '((a*))*', '(a|a)*', '((a|b)c)+', '(a{2}){3}'])('refuses %s, which repeats what repeats', (pattern) => {
    expect(patternProblem(pattern)).toContain('for ever');
  });

  it('refuses many repetitions, which take a power of the length', () => {
    expect(patternProblem('a*b+c{2}')).toBeUndefined();
    expect(patternProblem('.*.*.*.*x')).toBe('repeats 4 times; 3 are the most');
    expect(patternProblem('\\*[*+]\\+\\{.*')).toBeUndefined();
  });

  it.each(['(', '[', 'a**', '\\'])('refuses %s, which is no pattern', (pattern) => {
    expect(patternProblem(pattern)).toContain('no regular expression');
  });
});

describe('pythonOnlySyntax', () => {
  it('tells what only Python reads', () => {
    expect(pythonOnlySyntax('(?P<name>x)')).toBe('(?P');
    expect(pythonOnlySyntax('(?i)x')).toBe('(?i');
    expect(pythonOnlySyntax('\\Ax')).toBe('\\A');
    expect(pythonOnlySyntax('(?:x)(?=y)(?!z)(?<=w)')).toBeUndefined();
  });
});
