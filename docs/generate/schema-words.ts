import { z } from 'zod';

/** The part of JSON Schema that parameter schemas are made of. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

const schemaNode: z.ZodType<SchemaNode> = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).exactOptional(),
  description: z.string().exactOptional(),
  default: z.unknown().exactOptional(),
  const: z.unknown().exactOptional(),
  enum: z.array(z.unknown()).exactOptional(),
  get anyOf() {
    return z.array(schemaNode).exactOptional();
  },
  get oneOf() {
    return z.array(schemaNode).exactOptional();
  },
  get items() {
    return schemaNode.exactOptional();
  },
  minimum: z.number().exactOptional(),
  maximum: z.number().exactOptional(),
  exclusiveMinimum: z.number().exactOptional(),
  exclusiveMaximum: z.number().exactOptional(),
});

/** The parameters of a shape as they are written in a recipe, by name in the order of the shape. */
export function parameterSchemas(shape: z.ZodRawShape): ReadonlyMap<string, SchemaNode> {
  const { properties = {} } = z.toJSONSchema(z.object(shape), { io: 'input', unrepresentable: 'any' });
  return new Map(Object.entries(properties).map(([name, property]) => [name, schemaNode.parse(property)]));
}

/** A type in words: `integer 7 to 26, or null`. Constraints that no words exist for are left out. */
export function typeWords(schema: SchemaNode): string {
  const all = alternatives(schema);
  const values = all.filter(({ type }) => type !== 'null');
  return [alternativesWords(values, false), ...(values.length < all.length ? ['null'] : [])].join(', or ');
}

/** Literals first, joined by strokes: `0`/`1` or string. */
function alternativesWords(schemas: readonly SchemaNode[], plural: boolean): string {
  const literals = schemas.flatMap((schema) => schema.enum ?? (schema.const === undefined ? [] : [schema.const]));
  const others = schemas.filter((schema) => schema.enum === undefined && schema.const === undefined);
  const words = [
    ...(literals.length === 0 ? [] : [literals.map((value) => `\`${JSON.stringify(value)}\``).join('/')]),
    ...others.map((schema) => oneTypeWords(schema, plural)),
  ];
  return [...new Set(words)].join(' or ');
}

function alternatives(schema: SchemaNode): readonly SchemaNode[] {
  const listed = schema.anyOf ?? schema.oneOf;
  if (listed !== undefined) return listed.flatMap(alternatives);
  return Array.isArray(schema.type) ? schema.type.map((type: string) => ({ ...schema, type })) : [schema];
}

function oneTypeWords(schema: SchemaNode, plural: boolean): string {
  const noun = typeof schema.type === 'string' ? schema.type : 'value';
  const s = plural ? 's' : '';
  return noun === 'array' ? `list${s} of ${alternativesWords(alternatives(schema.items ?? {}), true)}` : `${noun}${s}${rangeWords(schema)}`;
}

/** Zod bounds every integer by what a double holds exactly; that goes without saying. */
function rangeWords({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaNode): string {
  const from = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const to = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (from !== undefined && to !== undefined) return ` ${from} to ${to}`;
  if (from !== undefined) return ` from ${from}`;
  if (to !== undefined) return ` up to ${to}`;
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${exclusiveMaximum === undefined ? '' : ` and below ${exclusiveMaximum}`}`;
  return exclusiveMaximum === undefined ? '' : ` below ${exclusiveMaximum}`;
}
