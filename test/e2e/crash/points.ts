import { stepsOf } from '../../../sidecar/repair/steps.ts';
import type { Mark, Task } from '../../../sidecar/state/journal.ts';
import type { StepName } from '../../../sidecar/words.ts';

/** One write of the repair journal: its opening line, a mark of a step, its outcome. */
export type Written = 'opening' | 'outcome' | `${Exclude<Mark['mark'], 'error'>} ${StepName}`;

/**
 * An instant to be killed at. `before`: the process stands still with that write begun and not committed, everything that
 * precedes it done. `after`: as soon as the write can be read from outside.
 */
export interface Point {
  side: 'before' | 'after';
  of: Written;
}

/** Everything an undisturbed run of that task writes, in order: made from the list of steps that the runner itself uses. */
export const writesOf = (task: Task): Written[] =>
  ['opening', ...stepsOf(task).flatMap((step): Written[] => [`intent ${step}`, `result ${step}`]), 'outcome'];

/** Every step is met begun and not done, done and not noted, noted. What is after a result is before the next intent. */
export const pointsOf = (task: Task): Point[] =>
  writesOf(task).flatMap((of): Point[] => (of.startsWith('result') ? [{ side: 'before', of }] : [{ side: 'before', of }, { side: 'after', of }]));

export const wordsOf = ({ side, of }: Point): string => `${side} ${of}`;
