import type { ContainerHands } from './repair/container-hands.ts';
import type { JsonOut } from './report/json-out.ts';
import type { Watcher, WatchOptions } from './watch/watcher.ts';

/** Where the lines come from, as far as anybody else needs to know. */
export type LineSource = Pick<Watcher, 'start' | 'stop' | 'containers' | 'health'>;

/** What stands in for the Docker engine and for stdout where the sidecar is shown without them. */
export interface StandIns {
  watch?(options: Omit<WatchOptions, 'docker'>): LineSource;
  hands?: ContainerHands;
  out?: JsonOut;
}
