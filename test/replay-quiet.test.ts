import { expect, it } from 'vitest';
import { Detector } from '../sidecar/detect/detector.ts';
import { replay, type ReplayDecision } from '../sidecar/replay.ts';
import { mergeStretches, readRecordingStretches } from '../sidecar/watch/recording.ts';
import { settings } from './decide/asked.ts';
import { hostileLine } from './detect/hostile.ts';
import { known, MAX_HITS, PATTERNS, WINDOW_MS } from './detect/stage.ts';
import { Dice } from './dice.ts';
import { stamp } from './watch/bytes.ts';

const SEEDS = 30;
const LINES = 500;
const CONTAINERS = ['wppconnect-server', 'gateway-wrapper', 'backend'];
const SESSIONS = [...new Set(PATTERNS.flatMap(({ hits }) => hits.flatMap(({ session }) => session ?? [])))];
const TROUBLE = PATTERNS.flatMap(({ hits }) => hits.map(({ line }) => line));
const SIGNS = SESSIONS.slice(0, 3).flatMap((session) => ['onack', 'onpresencechanged', 'onmessage'].map((event) => `2026-02-09T00:00:11.402Z [info]: Received webhook event from WPPConnect {"sessionId":"${session}","eventType":"${event}","correlationId":"1-2"}`));
const EVERYDAY = [...SIGNS, '', 'info:     [loja1:client] Checking phone is connected...', '\u001b[32minfo\u001b[39m: all is well', '{"level":"info","message":"Webhook event queued"}'];

type Recordings = Map<string, string>;

/** Trouble of every kind in bursts, hostile chat and everyday lines; now and then nothing for minutes. */
function recordings(dice: Dice): Recordings {
  const printed: Recordings = new Map(CONTAINERS.map((container) => [container, '']));
  const favourites = Array.from({ length: 4 }, () => dice.one(TROUBLE));
  for (let at = 0, line = 0; line < LINES; line++) {
    at += dice.next() < 0.01 ? dice.between(0, 400_000) : dice.between(0, 3_000);
    const container = dice.one(CONTAINERS);
    const says = { favourite: () => dice.one(favourites), trouble: () => dice.one(TROUBLE), chat: () => hostileLine(dice.next), everyday: () => dice.one(EVERYDAY) };
    const text = says[dice.weighted({ favourite: 25, trouble: 10, chat: 15, everyday: 50 })]();
    printed.set(container, `${printed.get(container)}${stamp(BigInt(at) * 1_000_000n + BigInt(dice.between(0, 999_999)))} ${text.replaceAll('\n', ' ')}\n`);
  }
  return printed;
}

async function* inPieces(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 5_000) yield bytes.subarray(at, at + 5_000);
}

async function decisions(recorded: Recordings, onlySought: boolean): Promise<ReplayDecision[]> {
  const sessions = known(SESSIONS);
  const detector = new Detector({ patterns: PATTERNS, sessions, maxHits: MAX_HITS, windowMs: WINDOW_MS });
  const stretches = [...recorded].map(([container, text]) => readRecordingStretches(container, inPieces(text), onlySought ? { sought: detector } : {}));
  const all: ReplayDecision[] = [];
  for await (const decision of replay(mergeStretches(...stretches), { detector, settings: settings(), sessions: SESSIONS })) all.push(decision);
  return all;
}

it('a replay decides the same whether it decodes every line or only those with a word of a pattern that are no signs of life', async () => {
  let decided = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const recorded = recordings(new Dice(seed));
    const whole = await decisions(recorded, false);
    expect(await decisions(recorded, true), `seed ${seed}`).toEqual(whole);
    decided += whole.length;
  }
  expect(decided).toBeGreaterThan(SEEDS);
}, 60_000);
