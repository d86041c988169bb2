import type { Lab } from '../test/lab/bring-up/bring-up.ts';
import type { Say } from '../test/lab/bring-up/shell.ts';
import type { Table } from './table.ts';
import type { Tools } from './tools.ts';

/** What every scenario is given. */
export interface Bench {
  /** A tenth of everything: to see that it works, not to be published. */
  quick: boolean;
  /** A folder of the run, removed at its end. */
  folder: string;
  tools: Tools;
  lab: Lab;
  say: Say;
}

export interface Scenario {
  name: string;
  run(bench: Bench): Promise<Table[]>;
}

/** The same seed on every machine. */
export const SEED = 20_260_301;
export const scaled = (bench: Bench, full: number): number => (bench.quick ? Math.ceil(full / 10) : full);
/** Runs of which the median is taken. */
export const runsOf = (bench: Bench): number => (bench.quick ? 1 : 3);
