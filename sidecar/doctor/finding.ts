/** What one check of the set-up found. */
export interface Finding {
  /** What was looked at: `socket`, `gateway`, `folders`, … */
  check: string;
  /** `note`: works, but the operator should know. `wrong`: something will not work until it is changed. */
  verdict: 'ok' | 'note' | 'wrong';
  /** One line; of a `note` or `wrong` it ends with what to do. */
  says: string;
}

const finding = (verdict: Finding['verdict']) => (check: string, says: string): Finding => ({ check, verdict, says });

export const ok = finding('ok');
export const note = finding('note');
export const wrong = finding('wrong');

/** `a`, `a and b`, `a, b and c`; from the eleventh on only how many more. */
export function listed(names: readonly string[], most = 10): string {
  if (names.length > most) return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
  return names.length < 2 ? (names[0] ?? 'none') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
}
