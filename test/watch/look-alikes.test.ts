import { describe, expect, it } from 'vitest';
import { stamp } from './bytes.ts';
import { SECOND, entry, following, gateway, gets, range, receiver, settled, texts, watch } from './fake-watch.ts';

describe('each line arrives exactly once when lines look alike or come out of order', () => {
  it('when several lines carry the same nanosecond', async () => {
    const same = [entry(0, { at: 5 }), entry(1, { at: 5 }), entry(1, { at: 5 }), entry(2, { at: 5, stream: 2 })];
    gateway.print(...same);
    const first = await watch();
    await gets(['', '', '', '']);
    await first.stop();
    await watch();
    await following();
    gateway.print(entry(3));
    await settled(['line 0', 'line 1', 'line 1', 'line 2', 'line 3']);
  });

  it('when the same text is printed twice in one nanosecond while following', async () => {
    await watch();
    await following();
    gateway.print(entry(1, { at: 5 }), entry(1, { at: 5 }), entry(2));
    await gets(['', '', '']);
    expect(receiver.texts().sort()).toEqual(['line 1', 'line 1', 'line 2']);
  });

  it('when stdout and stderr arrive out of order by microseconds, over a restart of the sidecar', async () => {
    const log = range(0, 100).map((e, i) => ({ ...e, stream: (i % 2 ? 2 : 1) as 1 | 2, stamp: stamp(1_000_000 + i * 1_000 - (i % 2) * 5_000) }));
    gateway.print(...log.slice(0, 51));
    const first = await watch();
    await gets(texts(0, 51));
    await first.stop();
    gateway.print(...log.slice(51));
    await watch();
    await settled(texts(0, 100));
  });

  it('when the last line before a stop was stamped long before it was written, and very much was printed since', async () => {
    gateway.print(...range(0, 5_000), entry(5_000, { stream: 2, at: 4_800 * 1_000_000 + 1 }));
    const first = await watch();
    await gets(texts(0, 5_001));
    await first.stop();
    gateway.print(...range(5_001, 8_001));
    await watch();
    await settled(texts(0, 8_001));
  });

  it('when the clock was set back by an hour while following', async () => {
    const hour = 3_600 * SECOND;
    gateway.print(...range(0, 10).map((e, i) => ({ ...e, stamp: stamp(hour + i) })));
    await watch();
    await following();
    gateway.print(...range(10, 20).map((e, i) => ({ ...e, stamp: stamp(i) })));
    await settled(texts(0, 20));
    gateway.cut();
    gateway.print(...range(20, 30).map((e, i) => ({ ...e, stamp: stamp(SECOND + i) })));
    await settled(texts(0, 30));
  });

  it('when the clock was set back while the sidecar was away, and very much was printed since', async () => {
    const hour = 3_600 * SECOND;
    gateway.print(...range(0, 10).map((e, i) => ({ ...e, stamp: stamp(hour + i) })));
    const first = await watch();
    await gets(texts(0, 10));
    await first.stop();
    gateway.print(...range(10, 3_010).map((e, i) => ({ ...e, stamp: stamp(i) })));
    await watch();
    await settled(texts(0, 3_010));
  });

  it('when the sidecar stops in the middle of a line of many parts', async () => {
    const part = 'p'.repeat(16_384);
    gateway.print(entry(0), { stream: 1, stamp: stamp(9), content: part }, entry(1, { stream: 2, at: 10 }));
    const first = await watch();
    await gets(['', '']);
    expect(receiver.texts()).toEqual(['line 0', 'line 1']);
    await first.stop();
    gateway.print({ stream: 1, stamp: stamp(9), content: part }, { stream: 1, stamp: stamp(9), content: 'end\n' }, entry(2));
    await watch();
    await settled(['line 0', 'line 1', `${part}${part}end`, 'line 2']);
  });

  it('when the connection breaks in the middle of a line of many equal parts', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(16_384) };
    await watch();
    await following();
    gateway.print(part, part, part);
    gateway.cut();
    gateway.print(part, { ...part, content: 'end\n' }, entry(20));
    await gets(['', '']);
    expect(receiver.lines.map((line) => [line.text.length, line.skippedBytes])).toEqual([[4 * 16_384 + 3, 0], [7, 0]]);
  });

  it('when a stream opens in the middle of a line of very many equal parts, and more of them were printed meanwhile', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(20) };
    const parts = (count: number) => Array.from({ length: count }, () => part);
    gateway.print(...parts(2_500));
    gateway.meanwhile = parts(400);
    await watch();
    await following();
    gateway.print({ ...part, content: 'end\n' }, entry(20));
    await gets(['', '']);
    expect(receiver.lines.map((line) => line.text.length + line.skippedBytes)).toEqual([2_900 * 20 + 3, 7]);
  });

  it('the same while the other stream is sure of its place', async () => {
    const part = { stream: 2 as const, stamp: stamp(9), content: 'p'.repeat(20) };
    const parts = (count: number) => Array.from({ length: count }, () => part);
    gateway.print(...parts(2_500), entry(1));
    gateway.meanwhile = parts(400);
    await watch();
    await following();
    gateway.print({ ...part, content: 'end\n' }, entry(20));
    await gets(['', '', '']);
    expect(receiver.lines.filter(({ stream }) => stream === 'stderr').map((line) => line.text.length + line.skippedBytes)).toEqual([2_900 * 20 + 3]);
  });

  it('when the connection breaks while a line is under way that began long before everything else that was printed', async () => {
    const part = { stream: 2 as const, stamp: stamp(9), content: 'p'.repeat(20) };
    await watch();
    await following();
    gateway.print(part, ...range(0, 3_000).map((e, i) => ({ ...e, stamp: stamp(10 * SECOND + i) })));
    await gets(texts(0, 3_000));
    gateway.cut();
    gateway.print(part, entry(3_000, { at: 11 * SECOND }), { ...part, content: 'end\n' });
    await gets(Array(3_002).fill(''));
    expect(receiver.lines.filter(({ stream }) => stream === 'stderr').map((line) => line.text.length)).toEqual([2 * 20 + 3]);
    expect(receiver.lines.filter(({ stream }) => stream === 'stdout')).toHaveLength(3_001);
  });

  it('when a stream opens behind a line of very many equal parts, it stays open', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(20) };
    gateway.print(...Array.from({ length: 2_500 }, () => part), { ...part, content: 'end\n' });
    await watch();
    await following();
    const opened = gateway.opened;
    gateway.print(entry(20));
    await gets(['', '']);
    expect(receiver.lines.map((line) => line.text.length)).toEqual([2_500 * 20 + 3, 7]);
    expect(gateway.opened).toBe(opened);
  });

  it('when the engine sends a part of a line again (20.10, a rotation within the line)', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(16_384) };
    await watch();
    await following();
    gateway.print(part, part);
    gateway.sendAgain(part);
    gateway.print(part, { ...part, content: 'end\n' }, entry(20));
    await gets(['', '']);
    expect(receiver.lines.map((line) => line.text.length)).toEqual([3 * 16_384 + 3, 7]);
  });
});
