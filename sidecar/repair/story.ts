import type { RepairRecord } from '../state/journal.ts';
import type { StepName } from '../words.ts';

/** One step of a repair as its journal tells it. */
export interface StepTaken {
  step: StepName;
  /** `failed` names the step that led back; `open`: it runs, or something cut it. */
  ended: 'done' | 'failed' | 'open';
  /** From its beginning to its end; null while it is open. */
  ms: number | null;
}

/** The steps in the order they were taken, the way back with them. */
export function stepsTaken({ marks }: Pick<RepairRecord, 'marks'>): StepTaken[] {
  const taken: (StepTaken & { from: number })[] = [];
  for (const { step, mark, at } of marks) {
    if (mark === 'intent') {
      taken.push({ step, ended: 'open', ms: null, from: at });
      continue;
    }
    const last = taken.findLast((one) => one.step === step && one.ended === 'open');
    if (last) Object.assign(last, { ended: mark === 'result' ? 'done' : 'failed', ms: at - last.from });
  }
  return taken.map(({ step, ended, ms }) => ({ step, ended, ms }));
}
