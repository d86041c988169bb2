import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readActivity } from '../../sidecar/detect/activity.ts';
import { SignReader } from '../../sidecar/detect/signs.ts';
import type { Sign } from '../../sidecar/words.ts';

const RECEIVED = 'Received webhook event from WPPConnect';
const framed = (name: string, event: string, rest = '}'): string[] => [
  `2026-02-09T00:00:11.402Z [info]: ${RECEIVED} {"sessionId":"${name}","eventType":"${event}"${rest}`,
  `{"level":"info","message":"${RECEIVED}","sessionId":"${name}","eventType":"${event}"${rest}`,
];

/** What is read of a line's bytes that stand somewhere in a larger piece of memory. */
function read(reader: SignReader, text: string): Sign | null {
  const bytes = Buffer.from(text);
  const around = Buffer.concat([Buffer.from('}"'), bytes, Buffer.from('","eventType":"onack"}')]);
  return reader.read(around, 2, 2 + bytes.length);
}

describe('a sign of life read from bytes', () => {
  it('is read from the everyday lines of both frames, whatever follows', () => {
    const reader = new SignReader();
    for (const name of ['loja1', 'Loja 2', 'a', 'x'.repeat(100)]) for (const event of ['onpresencechanged', 'onupdatelabel', 'onack']) for (const rest of ['}', ',"correlationId":"1-2"}', ',"status":"CLOSED","body":"ção']) {
      for (const text of framed(name, event, rest)) expect(read(reader, text)).toEqual({ spelled: name, event });
    }
  });

  it('leaves to the patterns what needs a closer look', () => {
    const reader = new SignReader();
    const others = [...framed('loja1', 'onmessage'), ...framed('loja1', 'status-find'), ...framed('lojá', 'onack'), ...framed('a\\"b', 'onack'), ...framed('', 'onack'), ...framed('x'.repeat(101), 'onack'), ...framed('loja1', 'onackx'), ...framed('loja1', 'onac')];
    for (const text of others) expect(read(reader, text), text).toBeNull();
  });

  it('never says anything but what the text says, also of half, twisted and strange lines', () => {
    const reader = new SignReader();
    const pieces = fc.constantFrom('2026-02-09', 'T', ' ', '00:00:11.402', '00:00:1', 'Z', ' [info]: ', ' [in]: ', ' [INFO]: ', RECEIVED, ' {', '{"level":"', 'info', '","message":"', '","', '"sessionId":"', 'sessionId":"', 'loja1', 'ção', '\\', '"', '","eventType":"', 'onack', 'onpresencechanged', 'onmessage', '}', ',"correlationId":"1"');
    const close = fc.tuple(fc.constantFrom(...framed('loja1', 'onack'), ...framed('loja2', 'onpresencechanged')), fc.nat(120), fc.nat(3), fc.oneof(pieces, fc.string({ maxLength: 3 }))).map(([line, at, cut, more]) => line.slice(0, at) + more + line.slice(at + cut));
    fc.assert(fc.property(fc.oneof(close, fc.array(pieces, { maxLength: 14 }).map((all) => all.join(''))), (text) => {
      const sign = read(reader, text);
      if (sign !== null) expect(readActivity(text)).toEqual(sign);
    }), { numRuns: 5_000 });
  });

  it('tells many names apart, also after more of them than it keeps', () => {
    const reader = new SignReader();
    for (let n = 0; n < 50_000; n++) expect(read(reader, framed(`s${n % 30_000}`, 'onack')[0]!)?.spelled).toBe(`s${n % 30_000}`);
  });
});
