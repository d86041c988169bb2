import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bothTimes, timelineText } from '../../sidecar/doctor/timeline-text.ts';
import { TimelineBuilder } from '../../sidecar/doctor/timeline.ts';
import { webhookEvent } from '../../sidecar/doctor/webhook-events.ts';
import { fromMs } from '../../sidecar/event-time.ts';
import { openDatabase } from '../../sidecar/state/database.ts';
import { Records, SCHEMA } from '../../sidecar/state/records.ts';
import { command, SHOP, wellSetUp } from './newcomer.ts';

const T0 = Date.parse('2026-03-04T10:00:00Z');
const MIN = 60_000;
const HOUR = 60 * MIN;
const builder = (hours: number): TimelineBuilder => new TimelineBuilder({ session: 'Loja1', from: T0, to: T0 + hours * HOUR, silentAfterMs: 4 * HOUR });
const mark = (at: number, cls: 'disconnect' | 'recovery' | 'logout', pattern: string) => ({ at, class: cls, pattern, evidence: 'the line' });

describe('a gap in which messages may be lost', () => {
  it('reaches from the last sign of life before a close to the first after it, once for all that is told of one close', () => {
    const story = builder(3);
    story.event('onmessage', T0 + 10 * MIN);
    story.mark(mark(T0 + 20 * MIN, 'disconnect', 'page-closed'), 'a');
    story.mark(mark(T0 + 21 * MIN, 'disconnect', 'browser-closed'), 'b');
    story.mark(mark(T0 + 80 * MIN, 'recovery', 'started'), 'c');
    expect(story.build().gaps).toEqual([{ from: T0 + 10 * MIN, to: T0 + 80 * MIN, why: 'disconnect (page-closed)' }]);
  });

  it('is not ended by the gateway telling of the close itself', () => {
    const story = builder(3);
    story.event('onmessage', T0);
    story.mark(mark(T0 + MIN, 'disconnect', 'page-closed'), 'a');
    for (const told of ['status-find', 'closesession', 'qrcode']) story.event(told, T0 + MIN + 1);
    story.mark(mark(T0 + 40 * MIN, 'recovery', 'started'), 'b');
    expect(story.build().gaps).toEqual([{ from: T0, to: T0 + 40 * MIN, why: 'disconnect (page-closed)' }]);
  });

  it('is open while nothing has come through since', () => {
    const story = builder(3);
    story.event('onack', T0);
    story.mark(mark(T0 + MIN, 'logout', 'unlinked'), 'a');
    expect(story.build().gaps).toEqual([{ from: T0, to: null, why: 'logout (unlinked)' }]);
  });

  it('is suspected where a session is silent for longer than the setting, and not at every quiet hour', () => {
    const story = builder(12);
    for (const hour of [0, 1, 3, 9]) story.event('onmessage', T0 + hour * HOUR);
    expect(story.build().gaps).toEqual([{ from: T0 + 3 * HOUR, to: T0 + 9 * HOUR, why: 'silence: quiet, or connected in name only' }]);
  });
});

it('reads events with and without a message in them, and no line that only repeats one', () => {
  expect(webhookEvent('2026-03-04T00:00:11.402Z [info]: Received webhook event from WPPConnect {"sessionId":"Loja1","eventType":"onack","correlationId":"6f0e"}')).toEqual({ spelled: 'Loja1', event: 'onack' });
  expect(webhookEvent('{"level":"info","message":"Received webhook event from WPPConnect","sessionId":"Loja1","eventType":"status-find","status":"inChat"}')).toEqual({ spelled: 'Loja1', event: 'status-find' });
  expect(webhookEvent('{"level":"info","message":"Webhook event queued","sessionId":"Loja1","eventType":"onack"}')).toBeNull();
  expect(webhookEvent('He wrote: Received webhook event from WPPConnect {"sessionId":"Loja1","eventType":"onmessage"}')).toBeNull();
});

describe('in a time zone of its own', () => {
  const zone = process.env.TZ;
  beforeEach(() => { process.env.TZ = 'America/Sao_Paulo'; });
  afterEach(() => { if (zone === undefined) delete process.env.TZ; else process.env.TZ = zone; });

  it('shows local time first and UTC behind it', () => {
    expect(bothTimes(T0)).toBe('2026-03-04 07:00:00 -03 (10:00:00Z)');
  });

  it('counts events per kind and hour, and folds hours without any', () => {
    const story = builder(9);
    story.event('onmessage', T0 + MIN);
    story.event('onmessage', T0 + 2 * MIN);
    story.event('onack', T0 + 3 * HOUR);
    const text = timelineText(story.build());
    expect(text).toContain('last onmessage: 2026-03-04 07:02:00 -03 (10:02:00Z), 8h 58m ago');
    expect(text).toMatch(/^2026-03-04 07:00:00 -03 \(10:00:00Z\) +2 +0$/m);
    expect(text).toMatch(/^\.\.\. 2 hours without any event/m);
  });
});

describe('auto-fix why SESSION --since', () => {
  const at = (minutesAgo: number): string => new Date(Date.now() - minutesAgo * MIN).toISOString().replace('Z', '000000Z');
  const message = (minutesAgo: number): string => `${at(minutesAgo)} {"level":"info","message":"Received webhook event from WPPConnect","sessionId":"${SHOP}","eventType":"onmessage"}`;
  const LOGS = [{}, { name: 'w', service: 'gateway-wrapper', log: [message(50), message(40), message(10)] }];

  it('tells the story out of logs alone, where no sidecar has ever run', async () => {
    const { env } = await wellSetUp(LOGS);
    const { code, out, err } = await command('why', { ...env, AUTO_FIX_CONTAINERS: 'wppconnect-server,gateway-wrapper' }, ['imob-sites'], { since: '2h', json: true });
    const story = JSON.parse(out) as { hours: { events: Record<string, number> }[]; last: Record<string, string> };
    expect(code).toBe(0);
    expect(story.hours.reduce((sum, { events }) => sum + events['onmessage']!, 0)).toBe(3);
    expect(Date.now() - Date.parse(story.last['onmessage']!)).toBeLessThan(11 * MIN);
    expect(err).toContain('only the engine\'s logs are shown');
  });

  it('tells it out of what is stored, where the engine cannot be asked', async () => {
    const { env } = await wellSetUp();
    const database = openDatabase(env['AUTO_FIX_STATE_DIR']!, [SCHEMA], 'NORMAL');
    const records = new Records(database, (error) => { throw error; });
    records.stageHit({ at: fromMs(Date.now() - 30 * MIN), class: 'disconnect', pattern: 'page-closed', who: { session: SHOP, by: 'named' }, cause: 'x', container: 'c', stream: 'stdout', evidence: 'Page Closed' });
    records.close();
    database.close();
    const { out, err } = await command('why', { ...env, DOCKER_HOST: 'unix:///nowhere.sock' }, [SHOP], { since: '2h' });
    expect(out).toMatch(/disconnect: page-closed {2}Page Closed/);
    expect(out).toMatch(/MESSAGES MAY BE LOST\n.* to now .*disconnect \(page-closed\)/);
    expect(err).toContain('only what is stored is shown');
  });

  it('says who is known when the name is not', async () => {
    await expect(command('why', (await wellSetUp()).env, ['Stranger'], { since: '2h' })).rejects.toThrow(`known are: ${SHOP}`);
  });
});

