import { TASKS } from '../../../sidecar/repair/steps.ts';
import type { Task } from '../../../sidecar/state/journal.ts';
import type { Case } from './matrix.ts';
import type { Patient } from './patients.ts';
import { pointsOf, type Point } from './points.ts';

/** What `npm run crash-matrix` sets; unset, the short matrix of `npm test` runs. */
const asked = process.env.AUTO_FIX_TEST_KILLS;
export const isThorough = asked !== undefined;
export const RANDOM_KILLS = Number(asked ?? 5);
export const SEED = Number(process.env.AUTO_FIX_TEST_SEED ?? 20260209);

export interface Planned extends Case {
  name: string;
  points: Point[];
}

const before = ({ side }: Point): boolean => side === 'before';
const afterwards = ({ side, of }: Point): boolean => side === 'before' && !of.startsWith('intent');
const beforehand = ({ side, of }: Point): boolean => side === 'before' && !of.startsWith('result');

/**
 * Every write of every task, on a number (files and Redis, keys apart from login) and on a browser (one profile). The short matrix
 * meets each step of each task begun, done and noted at least once, and spares what another task has shown.
 */
export function plan(number: Patient, browser: Patient): Planned[] {
  const on = (task: Task, patient: Patient, short: (point: Point) => boolean): Planned =>
    ({ task, patient, name: `${task} of ${patient.session}`, points: pointsOf(task).filter((point) => isThorough || short(point)) });
  const chosen: Partial<Record<Task, Planned[]>> = {
    restart: [on('restart', browser, before), ...(isThorough ? [on('restart', number, before)] : [])],
    repair: [on('repair', number, () => true)],
    reset: [on('reset', number, afterwards), on('reset', browser, beforehand)],
  };
  // A task that is new meets every step done and not noted, at the least.
  return TASKS.flatMap((task) => chosen[task] ?? [on(task, number, afterwards)]);
}
