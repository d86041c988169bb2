/**
 * One alternation of plain literals as a native expression: literals cannot backtrack, and one pass over a line
 * is several times cheaper than one search per literal. A line without any of them can match no pattern.
 */
export function prefilter(literals: Iterable<string>): (text: string) => boolean {
  const distinct = [...new Set(literals)];
  // A literal that contains another one adds nothing.
  const needed = distinct.filter((one) => !distinct.some((other) => other !== one && one.includes(other)));
  if (needed.length === 0) return () => false;
  const any = new RegExp(needed.map((literal) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'));
  return (text) => any.test(text);
}
