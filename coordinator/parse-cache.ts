import { type ParsedRecipe, type ParseRecipe, parseRecipe } from '../domain/recipe/parse-recipe.ts';

/** Text of remembered recipes, in UTF-16 units: dozens of catalogues, and a bound on what strangers' recipes may occupy. */
const MAX_CHARS = 8_388_608;

/**
 * Parsing is a function of name and text alone, and farms submit the same few recipes again and again: parsing was a fifth of what a submit cost.
 * Remembers the recipes used last; one that does not parse is refused anew each time.
 */
export function createParseCache(maxChars: number = MAX_CHARS): ParseRecipe {
  const known = new Map<string, ParsedRecipe>();
  let chars = 0;
  const remember = (key: string, parsed: ParsedRecipe): void => {
    known.set(key, parsed);
    chars += key.length;
    for (const oldest of known.keys()) {
      if (chars <= maxChars) return;
      forget(oldest);
    }
  };
  const forget = (key: string): void => {
    if (known.delete(key)) chars -= key.length;
  };
  return (text, options) => {
    const key = `${options.name}\n${text}`;
    const parsed = known.get(key) ?? parseRecipe(text, options);
    forget(key);
    remember(key, parsed);
    return parsed;
  };
}
