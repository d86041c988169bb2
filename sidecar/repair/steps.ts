import type { Rung, StepName } from '../words.ts';
import type { Task } from '../state/journal.ts';

const CLOSING: readonly StepName[] = ['close', 'end-browser'];
const CLEARING: readonly StepName[] = ['backup', 'unlink-disposable', 'clear-files', 'clear-redis'];
const STARTING: readonly StepName[] = ['start', 'verify'];

/** The one list of what each task does, in order. Runner, recovery and crash matrix are all made from it. */
const STEPS: Record<Task, readonly StepName[]> = {
  reconnect: ['reconnect', 'verify'],
  restart: [...CLOSING, 'unlink-disposable', ...STARTING],
  repair: [...CLOSING, ...CLEARING, ...STARTING],
  reset: [...CLOSING, ...CLEARING, ...STARTING],
  restore: [...CLOSING, 'backup', 'put-back', ...STARTING],
};

/** What a repair that failed after clearing runs instead of its own remaining steps. */
export const ROLLBACK: readonly StepName[] = ['close', 'end-browser', 'put-back', 'start'];

export const TASKS = Object.keys(STEPS) as readonly Task[];

export const planSteps = (rung: Rung): readonly StepName[] => STEPS[rung];
export const stepsOf = (task: Task): readonly StepName[] => STEPS[task];

/** Steps that change the session's login or keys: from the first of them on there is something to take back. */
export const CHANGES_DATA: ReadonlySet<StepName> = new Set<StepName>(['clear-files', 'clear-redis', 'put-back']);
