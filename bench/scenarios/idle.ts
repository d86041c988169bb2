import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from '../../test/lab/engine.ts';
import { RunningSidecar } from '../running.ts';
import type { Scenario } from '../scenario.ts';
import { StandIn } from '../stand-in.ts';
import { aim, megabytes, percent } from '../table.ts';
import { sessionNames } from '../trace.ts';

const SESSIONS = 200;
/** Lists, first audits and the engine's first answers are over after this. */
const SETTLE_S = 20;
const WATCHED_S = { quick: 20, full: 120 };
const MOST_CPU = 0.005;
const MOST_MB = 110;

/** What the sidecar costs while nothing happens. */
export const idle: Scenario = {
  name: 'idle',
  async run({ folder, quick, say }) {
    const containers = ['server', 'wrapper'].map((name) => `bench-idle-${name}-${process.pid}`);
    const standIn = await StandIn.start(join(folder, 'idle'), sessionNames(SESSIONS));
    try {
      for (const name of containers) await docker(['run', '-d', '--name', name, '--network', 'none', 'busybox:1.36', 'sleep', '3600']);
      const sidecar = await RunningSidecar.start(join(folder, 'idle-home'), containers, standIn.settings);
      try {
        await sleep(SETTLE_S * 1000);
        const seconds = quick ? WATCHED_S.quick : WATCHED_S.full;
        say(`idle: watching for ${seconds} s`);
        const before = sidecar.cpuS;
        await sleep(seconds * 1000);
        const share = (sidecar.cpuS - before) / seconds;
        const { nowMb, peakMb } = sidecar.memory;
        return [{
          title: 'Idle',
          columns: ['sessions', 'containers', 'share of a core', 'memory', 'peak since its start'],
          rows: [[String(SESSIONS), String(containers.length), percent(share, 2), megabytes(nowMb), megabytes(peakMb)]],
          notes: [
            `The real sidecar beside a stand-in gateway with ${SESSIONS} sessions and two silent containers, over ${seconds} s after the first ${SETTLE_S} s.`,
            aim(`under ${percent(MOST_CPU, 1)} of a core`, percent(share, 2), share < MOST_CPU), aim(`under ${MOST_MB} MB`, megabytes(nowMb), nowMb < MOST_MB),
          ],
        }];
      } finally {
        await sidecar.stop();
      }
    } finally {
      await docker(['rm', '-f', ...containers]);
      await standIn.stop();
    }
  },
};
