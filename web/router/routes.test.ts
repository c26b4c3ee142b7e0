import { describe, expect, it } from 'vitest';
import { isOurs, routeOf } from './routes.ts';

describe('routeOf', () => {
  it('finds the lists and what they lead to', () => {
    expect(routeOf('/')).toEqual({ page: 'matrix' });
    expect(routeOf('/jobs')).toEqual({ page: 'jobs' });
    expect(routeOf('/jobs/')).toEqual({ page: 'jobs' });
    expect(routeOf('/cells/00ff')).toEqual({ page: 'cell', id: '00ff' });
    expect(routeOf('/cells/00ff/')).toEqual({ page: 'cell', id: '00ff' });
    expect(routeOf('/recipes/a%2Fb.json')).toEqual({ page: 'recipe', id: 'a/b.json' });
  });

  it('leaves the rest alone', () => {
    for (const path of ['/api/v1/jobs', '/docs', '/plain/', '//', '/cells/', '/cells/a/b', '/cells/%ff', '/constructor', '/toString/x']) {
      expect([path, isOurs(path)]).toEqual([path, false]);
    }
  });
});
