import type { OperatorsLog } from './operators-log.ts';
import type { Screen } from './screen.ts';
import type { Stage } from './stage.ts';

/** What a scene plays on. */
export interface Play {
  stage: Stage;
  screen: Screen;
  log: OperatorsLog;
  /** Runs a verb of the command line as the operator would, beside the running sidecar. Rejects unless it ends with 0. */
  command(...words: string[]): Promise<string>;
  /** What was proven so far, for the end. */
  proofs: string[];
}

/** Something that should have happened did not: a sentence for the newcomer. */
export class DidNotHappen extends Error {
  override readonly name = 'DidNotHappen';
}

export function expectThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new DidNotHappen(otherwise);
}

/** Shown at once, and again at the end. */
export function prove({ screen, proofs }: Play, holds: boolean, proof: string, otherwise: string): void {
  expectThat(holds, otherwise);
  screen.proven(proof);
  proofs.push(proof);
}
