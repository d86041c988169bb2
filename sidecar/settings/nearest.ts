/** The name most like `written`, or null when none is close enough to be a slip of the hand. */
export function nearest(written: string, names: readonly string[]): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const name of names) {
    const distance = editDistance(written, name);
    if (distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  // A third of the letters wrong is no slip any more.
  return best && best.distance <= Math.max(2, written.length / 3) ? best.name : null;
}

/** How many letters must be put in, taken out or changed to make `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
