import { expect, it } from 'vitest';
import { z } from 'zod';
import { parameterSchemas, typeWords } from '../../docs/generate/schema-words.ts';

const words = (schema: z.ZodType): string => {
  const [written] = parameterSchemas({ written: schema }).values();
  return typeWords(written ?? {});
};

it.each<[string, z.ZodType]>([
  ['boolean', z.boolean().default(false)],
  ['integer', z.int()],
  ['integer from 0', z.int().nonnegative()],
  ['integer 7 to 26', z.int().min(7).max(26)],
  ['number above 0, or null', z.number().positive().nullable()],
  ['number above 0 and below 1', z.number().gt(0).lt(1)],
  ['list of strings, or null', z.array(z.string()).nullable().default(null)],
  ['list of lists of integers', z.array(z.array(z.int()))],
  ['`"QDQ"`/`"QOperator"`', z.enum(['QDQ', 'QOperator'])],
  ['`0`/`1` or list of `0`/`1`, or null', z.union([z.literal([0, 1]), z.array(z.literal([0, 1]))]).nullable()],
  ['`0`/`1`', z.union([z.literal(0), z.literal(1)])],
  ['object', z.record(z.string(), z.number())],
  ['value', z.unknown()],
])('says %s', (said, schema) => {
  expect(words(schema)).toBe(said);
});

it('reads what is written in a recipe, not what a transform makes of it', () => {
  expect(words(z.string().transform((text) => text.length))).toBe('string');
});
