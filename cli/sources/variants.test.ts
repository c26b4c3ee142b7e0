import { describe, expect, test } from 'vitest';
import { variantsOf } from './variants.ts';

describe('the variants of a sweep', () => {
  test('are the combinations of all values', () => {
    expect(variantsOf(['q.type=int8, uint8', 'c.opset=17,20'])).toEqual([
      ['q.type=int8', 'c.opset=17'],
      ['q.type=int8', 'c.opset=20'],
      ['q.type=uint8', 'c.opset=17'],
      ['q.type=uint8', 'c.opset=20'],
    ]);
  });

  test('keep a comma that belongs to a value', () => {
    expect(variantsOf(['a.b=[1,2],["x,y]",{"c":[3,4]}]', 'a.c="1,2",3'])).toHaveLength(4);
    expect(variantsOf(['a.b=[1,2],[3]'])).toEqual([['a.b=[1,2]'], ['a.b=[3]']]);
  });

  test.each(['a.b', 'a.b=1', '=1,2', 'a.b=1,', 'a.b=,'])('"%s" is refused', (sweep) => {
    expect(() => variantsOf([sweep])).toThrow(/two values or more/);
  });
});
