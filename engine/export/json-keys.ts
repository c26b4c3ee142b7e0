/**
 * The first key that an object of a JSON text holds twice, or undefined. `JSON.parse` silently keeps the last one, which lets two readers of one
 * file disagree. The text must be valid JSON.
 */
export function findDuplicateKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = stringEnd(text, at);
      const keys = open[open.length - 1];
      if (expectsKey && keys) {
        const key = String(JSON.parse(text.slice(at, end)));
        if (keys.has(key)) return key;
        keys.add(key);
      }
      expectsKey = false;
      at = end - 1;
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined);
      expectsKey = character === '{';
    } else if (character === '}' || character === ']') open.pop();
    else if (character === ',') expectsKey = open[open.length - 1] !== undefined;
  }
  return undefined;
}

/** Position after the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
