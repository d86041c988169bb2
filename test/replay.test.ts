import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Detector } from '../sidecar/detect/detector.ts';
import { loadPatterns } from '../sidecar/detect/patterns.ts';
import { replay, type ReplayDecision } from '../sidecar/replay.ts';
import type { DeskSettings } from '../sidecar/decide/desk.ts';
import { mergeStretches, readRecordingStretches } from '../sidecar/watch/recording.ts';
import { corpus, recording, RECORDED_FROM, type Case, type Right } from './corpus/recorded.ts';
import { variant } from './corpus/variants.ts';
import { known } from './detect/stage.ts';
import { settings } from './decide/asked.ts';

const patterns = loadPatterns(join(import.meta.dirname, '../patterns'));
const VARIANTS = 2;
const total = { right: 0, wrong: 0, missed: 0 };

async function decisionsOf(situation: Pick<Case, 'sessions' | 'log'> & Partial<Case>, over: Partial<DeskSettings> = {}): Promise<ReplayDecision[]> {
  const sessions = known(situation.sessions, { ...(situation.containers ? { containers: situation.containers } : {}), ...(situation.peers ? { peers: situation.peers } : {}) });
  const detector = new Detector({ patterns, sessions, maxHits: 5, windowMs: settings().windowMs });
  const recordings = Object.entries(situation.log).map(([container, printed]) => readRecordingStretches(container, pieces(recording(printed)), { sought: detector }));
  const decisions: ReplayDecision[] = [];
  for await (const decision of replay(mergeStretches(...recordings), { detector, settings: settings(over), sessions: situation.sessions, sessionsIn: (container) => sessions.inContainer(container) })) decisions.push(decision);
  return decisions;
}

async function* pieces(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

const keyOf = ({ session, class: cls }: { session: string | null; class: string }): string => `${cls} ${session ?? 'nobody'}`;

/** What the desk must say first for each: the rung's place is taken by `act`, since ladders have tests of their own. */
function expected({ sessions, right }: Case): Map<string, string> {
  const limit = sessions.length >= 2 ? Math.min(5, sessions.length) : 5;
  const acting = right.filter((one) => one.refused === undefined);
  return new Map(right.map((one) => [keyOf(one), one.refused ?? (heldWith(one, acting) >= limit ? 'correlated-failure' : 'act')]));
}

/** How many sessions had broken by then within two minutes, this one included. */
function heldWith(own: Right, acting: readonly Right[]): number {
  const before = acting.slice(0, acting.indexOf(own) + 1).filter((one) => Math.abs((one.at ?? 0) - (own.at ?? 0)) <= 120);
  return new Set(before.map(({ session }) => session)).size;
}

async function scored(situation: Case): Promise<{ wrong: string[]; missed: string[] }> {
  const wanted = expected(situation);
  const first = new Map<string, string>();
  for (const decision of await decisionsOf(situation)) {
    if (!first.has(keyOf(decision))) first.set(keyOf(decision), decision.rung === null ? decision.refused! : 'act');
  }
  const wrong = [...first].filter(([key, said]) => wanted.get(key) !== said).map(([key, said]) => `${key}: ${said}, not ${wanted.get(key) ?? 'nothing'}`);
  const missed = [...wanted.keys()].filter((key) => !first.has(key));
  total.right += wanted.size === 0 && wrong.length === 0 ? 1 : wanted.size - wrong.length - missed.length;
  total.wrong += wrong.length;
  total.missed += missed.length;
  return { wrong, missed };
}

describe('what a replay decides on the corpus', () => {
  const cases = corpus();
  it.each(cases)('$file: $name', async (situation) => {
    expect(await scored(situation)).toEqual({ wrong: [], missed: [] });
    for (let seed = 1; seed <= VARIANTS; seed++) expect(await scored(variant(situation, seed * 104_729))).toEqual({ wrong: [], missed: [] });
  });
});

describe('time in a replay is the lines\' own', () => {
  const closes = (seconds: number[], session = 'loja1') => ({ at: seconds, say: [`verbose:  [${session}:page] Page Closed`] });
  const of = (seconds: number[]) => ({ sessions: ['loja1', 'loja2'], log: { 'wppconnect-server': [closes(seconds)] } });

  it('decides at the sixth hit, and says so with count, patterns and evidence', async () => {
    expect(await decisionsOf(of([0, 10, 20, 30, 40, 50]))).toEqual([{
      at: new Date(RECORDED_FROM + 50_000).toISOString(), session: 'loja1', class: 'disconnect', count: 6, rung: 'restart', refused: null,
      patterns: { 'page-closed': 6 }, evidence: Array.from({ length: 5 }, () => 'verbose:  [loja1:page] Page Closed'),
    }]);
  });

  it('rests for the cooldown, tells that once, and takes the next rung at its end without another line', async () => {
    const storm = Array.from({ length: 180 }, (_, n) => n * 10);
    const said = (await decisionsOf(of(storm), { escalateWithinMs: 7_200_000 })).map(({ at, rung, refused }) => [(Date.parse(at) - RECORDED_FROM) / 1000, rung ?? refused]);
    expect(said.slice(0, 3)).toEqual([[50, 'restart'], [110, 'cooldown'], [950, 'fault-not-proven']]);
  });

  it('forgets messages of hours ago, as the running sidecar does', async () => {
    const undecryptable = (second: number, id: number) => ({ at: [second], say: [`{"level":50,"sessionId":"loja1","key":{"id":"3EB0${id}"},"err":{"message":"Invalid PreKey ID"},"msg":"failed to decrypt message"}`] });
    const ids = [1, 2, 3, 4, 5];
    const again = (later: number) => decisionsOf({ sessions: ['loja1', 'loja2'], log: { backend: [...ids.map((id) => undecryptable(10 * id, id)), ...ids.map((id) => undecryptable(later + 10 * id, id)), undecryptable(later + 60, 6)] } });
    expect(await again(400)).toEqual([]);
    expect(await again(5 * 3_600)).toHaveLength(1);
  });

  it('decides nothing on five hits, nor on six of which the first is exactly 300,000 ms old', async () => {
    expect(await decisionsOf(of([0, 10, 20, 30, 40]))).toEqual([]);
    expect(await decisionsOf(of([0, 10, 20, 30, 40, 300]))).toEqual([]);
    expect(await decisionsOf(of([0.001, 10, 20, 30, 40, 300]))).toHaveLength(1);
  });

  it('holds no session back because one of another gateway broke with it', async () => {
    const broken = { sessions: ['loja1', '26'], log: { 'wppconnect-server': [closes([0, 10, 20, 30, 40, 50])], backend: [{ at: [1, 11, 21, 31, 41, 51], say: ['WARN [wbot] whatsappId=26 connection closed statusCode=428'] }] } };
    const said = async (more: Partial<Case>) => (await decisionsOf({ ...broken, ...more })).map(({ session, rung, refused }) => `${session} ${rung ?? refused}`);
    expect(await said({ containers: { 'wppconnect-server': ['loja1'], backend: ['26'] } })).toEqual(['loja1 restart', '26 restart']);
    expect(await said({})).toEqual(['loja1 restart', '26 correlated-failure']);
  });

  it('gives the same decisions for one file and for the same lines in two containers\' files', async () => {
    const one = await decisionsOf({ sessions: ['loja1', 'loja2'], log: { 'wppconnect-server': [closes([0, 20, 40]), closes([10, 30, 50])] } });
    const two = await decisionsOf({ sessions: ['loja1', 'loja2'], log: { 'wppconnect-server': [closes([0, 20, 40])], other: [closes([10, 30, 50])] } });
    const decided = (all: ReplayDecision[]) => all.map(({ at, session, count, rung, patterns }) => ({ at, session, count, rung, patterns }));
    expect(decided(two)).toEqual(decided(one));
  });
});

afterAll(() => {
  process.stdout.write(`replay of the corpus: right ${total.right} / wrong act ${total.wrong} / missed ${total.missed}\n`);
});
