import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkedBody, HttpError, PlainBody, bodyAfter, parseHead } from '../sidecar/http-body.ts';
import { chop } from './watch/bytes.ts';

const chunk = (content: Uint8Array, extension = '') => Buffer.concat([Buffer.from(`${content.length.toString(16)}${extension}\r\n`), content, Buffer.from('\r\n')]);

/** What the body is made of, read from pieces that each lie somewhere in reused memory. */
function read(body: ChunkedBody | PlainBody, pieces: Buffer[]): Buffer {
  const memory = Buffer.alloc(64 * 1024, 'z');
  return Buffer.concat(pieces.map((piece, i) => {
    const start = (i * 37) % 1_000;
    piece.copy(memory, start);
    return Buffer.from(memory.subarray(start, body.take(memory, start, start + piece.length)));
  }));
}

describe('a chunked body', () => {
  it('is the same however chunks and reads are cut', () => {
    const contents = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 12 });
    fc.assert(fc.property(contents, fc.array(fc.nat(), { maxLength: 30 }), fc.constantFrom('', ';a=b', ';x="y"'), fc.constantFrom('', 'Trailer: x\r\n'), (chunks, cuts, extension, trailer) => {
      const bytes = Buffer.concat([...chunks.map((c) => chunk(c, extension)), Buffer.from(`0\r\n${trailer}\r\n`), Buffer.from('not ours')]);
      const body = new ChunkedBody();
      expect(read(body, chop(bytes, cuts))).toEqual(Buffer.concat(chunks));
      expect(body.done).toBe(true);
      expect(body.more).toBe(true);
    }));
  });

  it('is not done before its last byte: whatever ends earlier was cut', () => {
    const bytes = Buffer.concat([chunk(Buffer.from('one')), chunk(Buffer.from('two')), Buffer.from('0\r\n\r\n')]);
    for (let length = 0; length < bytes.length; length++) {
      const body = new ChunkedBody();
      read(body, [bytes.subarray(0, length)]);
      expect(body.done, `${length} bytes`).toBe(false);
    }
  });

  it.each(['zz\r\n', '\r\n', '3\r\nabcd\r\n', 'fffffffffff\r\n', '-1\r\n'])('that breaks the rules (%j) is refused', (bytes) => {
    expect(() => read(new ChunkedBody(), [Buffer.from(bytes)])).toThrow(HttpError);
  });
});

describe('what follows a head', () => {
  it('is told by it: chunks, a length, or all until the connection ends', () => {
    const body = (head: string) => bodyAfter(parseHead(`HTTP/1.1 200 OK\r\n${head}`));
    expect(body('Transfer-Encoding: chunked')).toBeInstanceOf(ChunkedBody);
    expect(body('transfer-encoding:CHUNKED\r\nContent-Length: 3')).toBeInstanceOf(ChunkedBody);
    const three = body('Content-Length: 3');
    expect([read(three as PlainBody, [Buffer.from('ab'), Buffer.from('cd')]).toString(), three.done, three.endsWithConnection]).toEqual(['abc', true, false]);
    const open = body('Server: x');
    expect([read(open as PlainBody, [Buffer.from('ab'), Buffer.from('cd')]).toString(), open.done, open.endsWithConnection]).toEqual(['abcd', false, true]);
    expect(body('Content-Length: 0').done).toBe(true);
    expect(() => body('Content-Length: many')).toThrow(HttpError);
  });

  it('is nothing after what is no HTTP', () => {
    expect(() => parseHead('SSH-2.0-OpenSSH')).toThrow('this is no HTTP answer: SSH-2.0-OpenSSH');
  });
});
