/**
 * Order of two version texts: negative when `a` is older. Numbers compare as numbers, missing ones count as 0 (`1.20` equals `1.20.0`), and a word
 * comes before the same version without it, as pre-releases do (`1.20.0-rc1` before `1.20.0`). A `v` in front does not count.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = comparePart(left[index] ?? '0', right[index] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(text: string): readonly string[] {
  return (
    text
      .toLowerCase()
      .replace(/^v(?=\d)/, '')
      .match(/\d+|[a-z]+/g) ?? []
  );
}

function comparePart(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [isNumber(a), isNumber(b)];
  if (aIsNumber !== bIsNumber) return aIsNumber ? 1 : -1;
  if (aIsNumber) return compareDigits(a.replace(/^0+/, ''), b.replace(/^0+/, ''));
  return a < b ? -1 : a > b ? 1 : 0;
}

function isNumber(part: string): boolean {
  return /^\d/.test(part);
}

/** Digits without leading zeros, of any length. */
function compareDigits(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
