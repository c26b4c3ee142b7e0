import { z } from 'zod';
import type { PassManifest } from './manifest.ts';

type ManifestFacts<Shape extends z.ZodRawShape> = Omit<
  PassManifest<z.output<z.ZodObject<Shape>>>,
  'params' | 'parameterNames' | 'shape'
> & {
  /** One schema per parameter, each described; defaults are Olive's. */
  readonly shape: Shape;
  /** Rules between parameters: each returns a problem with the parameter it belongs to, or undefined. */
  readonly rules?: readonly ((params: z.output<z.ZodObject<Shape>>) => { readonly param: string; readonly message: string } | undefined)[];
};

/** Builds a manifest from one schema per parameter, so that names, defaults and types have a single source. */
export function definePass<Shape extends z.ZodRawShape>(facts: ManifestFacts<Shape>): PassManifest<z.output<z.ZodObject<Shape>>> {
  const { rules = [], ...manifest } = facts;
  const { shape } = manifest;
  const params = z.object(shape).superRefine((value, context) => {
    for (const rule of rules) {
      const problem = rule(value);
      if (problem !== undefined) context.addIssue({ code: 'custom', path: [problem.param], message: problem.message });
    }
  });
  return { ...manifest, params, parameterNames: Object.keys(shape) };
}
