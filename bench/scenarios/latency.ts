import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, testSocket, waitFor } from '../../test/lab/engine.ts';
import { quantile } from '../measure.ts';
import { RunningSidecar } from '../running.ts';
import { scaled, type Scenario } from '../scenario.ts';
import { StandIn } from '../stand-in.ts';
import { fixed } from '../table.ts';
import { sessionNames } from '../trace.ts';

const SAMPLES = 60;
/** Two repairs run at once; after them everything is started anew instead of waiting for their proof. */
const PER_START = 2;
/** The first five are long read and counted when the sixth is written. */
const BEFORE_THE_SIXTH_MS = 700;

/** From the write of the sixth line inside a container to the first call that closes the session. */
export const latency: Scenario = {
  name: 'latency',
  async run(bench) {
    const samples = scaled(bench, SAMPLES);
    const sessions = sessionNames(samples);
    const standIn = await StandIn.start(join(bench.folder, 'latency'), sessions);
    const took: number[] = [];
    try {
      for (let at = 0; at < sessions.length; at += PER_START) {
        took.push(...await repairs(sessions.slice(at, at + PER_START), standIn, join(bench.folder, `latency-${at}`), `bench-latency-${process.pid}-${at}`));
        bench.say(`latency: ${took.length} of ${samples}`);
      }
    } finally {
      await standIn.stop();
    }
    return [{
      title: 'From the written line to the first call of the repair',
      columns: ['samples', 'median', '99th percentile', 'slowest'],
      rows: [[String(took.length), `${fixed(quantile(took, 0.5), 0)} ms`, `${fixed(quantile(took, 0.99), 0)} ms`, `${fixed(Math.max(...took), 0)} ms`]],
      notes: ['The sixth undecryptable message of a session is written into a container; the clock stops when the gateway is asked to close that session. In between: the engine, the stream, the window, the decision, a look at the session (two requests), the journal. The stand-in gateway answers at once.'],
    }];
  },
};

/** A new container and a new sidecar: neither has anything to read that was decided on before. */
async function repairs(sessions: readonly string[], standIn: StandIn, home: string, container: string): Promise<number[]> {
  const printer = spawn('docker', ['run', '-i', '--rm', '--name', container, '--network', 'none', 'busybox:1.36', 'cat'], { stdio: ['pipe', 'ignore', 'inherit'], env: { ...process.env, DOCKER_HOST: `unix://${testSocket()}` } });
  try {
    await waitFor(async () => (await docker(['ps', '-q', '--filter', `name=${container}`])).stdout.trim() !== '', 'the container that prints');
    const sidecar = await RunningSidecar.start(home, [container], standIn.settings);
    try {
      const took: number[] = [];
      for (const session of sessions) took.push(await oneRepair(session, printer, standIn));
      return took;
    } finally {
      await sidecar.stop('SIGKILL');
    }
  } finally {
    printer.stdin!.end();
    if (printer.exitCode === null) await once(printer, 'exit');
    rmSync(home, { recursive: true, force: true });
  }
}

async function oneRepair(session: string, printer: ChildProcess, standIn: StandIn): Promise<number> {
  for (let message = 1; message <= 5; message++) printer.stdin!.write(undecryptable(session, message));
  await sleep(BEFORE_THE_SIXTH_MS);
  const close = `POST /api/${session}/close-session`;
  const written = performance.now();
  printer.stdin!.write(undecryptable(session, 6));
  return (await waitFor(() => standIn.arrivals.get(close), `the repair of ${session} to begin`, { withinMs: 30_000, everyMs: 5 })) - written;
}

const undecryptable = (session: string, message: number): string =>
  `${JSON.stringify({ level: 'info', message: 'Received webhook event from WPPConnect', sessionId: session, eventType: 'onmessage', type: 'ciphertext', body: '', id: `false_5500000000001@c.us_3A${session}${message}` })}\n`;
