import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceOf, redact, showable } from '../../sidecar/redact.ts';

describe('what never reaches storage, log, metrics or alerts', () => {
  it.each([
    ['a phone number in a JID', '{"remoteJid":"5500000000001@s.whatsapp.net"}', '5500000000001'],
    ['one of wppconnect', 'Sending to 5500000000001@c.us', '5500000000001'],
    ['one of a device', 'from 5500000000001:17@s.whatsapp.net', '5500000000001'],
    ['a hidden-number peer', '"participant":"99000000000001@lid"', '99000000000001'],
    ['a group', '120363000000000001@g.us and 5500000000001-1600000000@g.us', '0000000001'],
    ['a peer address', '    at async 5500000000001.0 [as awaitable] (x)', '5500000000001'],
    ['a hidden-number address', 'session-99000000000001_1.0', '99000000000001'],
    ['a bare number', 'Message sent to 5500000000001', '5500000000001'],
    ['a written number', 'call +55 (00) 90000-0001 now', '90000'],
    ['a bearer token', 'Authorization: Bearer aGVsbG8.d29ybGQ', 'aGVsbG8'],
    ['a token field', '{"token":"s3cr3t-value"}', 's3cr3t'],
    ['the wrapper\'s secret', 'X-Gateway-Secret: s3cr3t-value', 's3cr3t'],
    ['a secret in a query', 'GET /hook?token=s3cr3t-value&x=1', 's3cr3t'],
    ['a password in a URL', 'redis://default:s3cr3t-value@redis:6379/0', 's3cr3t'],
    ['wppconnect\'s secret in its paths', 'GET http://127.0.0.1:21465/api/s3cr3t-value/show-all-sessions', 's3cr3t'],
    ['the same behind a session', 'POST /api/loja1/s3cr3t-value/generate-token', 's3cr3t'],
    ['wppconnect\'s secret when it was never changed', 'secret is THISISMYSECURETOKEN', 'THISISMY'],
    ['a bcrypt token', '$2b$10$abcdefghijklmnopqrstuuK1A2B3C4D5E6F7G8H9I0J1K2L3M4N5O', 'K1A2B3'],
    ['a JWT', 'jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'eyJzdWI'],
    ['a private key of a dump', '      privKey: <Buffer e8 ae 10 37 70 ea c9 01>', 'e8 ae'],
    ['a root key', '    rootKey: <Buffer 79 6b 85 13', '79 6b'],
    ['a base64 key', "    'BbwWBPYzTWAOiTWigCpiI8S0NaD+qebZivvXedRPnmZC': { chainKey: [Object] }", 'BbwWBPYz'],
    ['a PEM key', '-----BEGIN PRIVATE KEY-----MIIEvQ-----END PRIVATE KEY-----', 'MIIEvQ'],
    ['message text', '{"body":"see you at \\"noon\\" then"}', 'noon'],
    ['a caption', '{"caption":"our secret party"}', 'party'],
    ['conversation text', '{"message":{"conversation":"see you at noon"}}', 'noon'],
    ['message text printed by console.log', "{ body: 'it\\'s at noon' }", 'noon'],
    ['message text inside a JSON string', '"raw":"{\\"body\\":\\"see you at noon\\"}"', 'noon'],
    ['message text that is cut off', '{"body":"see you at noon and', 'noon'],
    ['a contact\'s name', '{"pushName":"Maria da Silva"}', 'Maria'],
    ['a QR as a picture', '"qr":"data:image/png;base64,iVBORw0KGgo="', 'iVBOR'],
    ['a QR as text', 'QR 2@AbCdEf123456,GhIjKl789012/mnop=,qrst,uvwx', 'GhIjKl'],
  ])('%s', (_what, text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });
});

describe('what stays', () => {
  it.each([
    'error: The browser is already running for /usr/src/wpp-server/userDataDir/Pixel12 Digital. Use a different `userDataDir`',
    'State Change TIMEOUT: pixel12digital_121',
    '{"sessionId":"Pixel12 Digital","eventType":"onack","correlationId":"6f0e8c1a-1b2c-4d5e-8f90-aabbccddeeff"}',
    'at async initBrowser (/app/node_modules/@wppconnect-team/wppconnect/dist/controllers/browser.js:286:19)',
    '"key":{"id":"3EB0C767D26A1D8E5A5F"}',
    'info: 2026-11-22T04:26:12.709Z Started Session: s1',
    '6 disconnect hits in 5m (browser-closed 3, qr-read-error 2); probe zombie; restart',
    'ERROR [wbot] whatsappId=26 error: Invalid PreKey ID (msg 3EB0AA01)',
  ])('%s', (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe('message text never leaks, whatever it says', () => {
  const fields = fc.constantFrom('body', 'caption', 'conversation', 'text', 'pushName', 'notifyName', 'token', 'secretKey', 'qrcode');
  const texts = fc.tuple(fc.string(), fc.string()).map(([before, after]) => `${before}Zw9secret${after}`);

  it('in JSON, and in JSON inside a JSON string', () => {
    fc.assert(fc.property(fields, texts, (field, text) => {
      const inner = JSON.stringify({ sessionId: 'loja1', [field]: text, next: 1 });
      expect(redact(inner)).not.toContain('Zw9secret');
      expect(redact(inner)).toContain('loja1');
      expect(redact(JSON.stringify({ raw: inner }))).not.toContain('Zw9secret');
      expect(redact(redact(inner))).toBe(redact(inner));
    }), { numRuns: 2_000 });
  });

  it('in JSON cut off anywhere', () => {
    fc.assert(fc.property(fields, texts, fc.nat(400), (field, text, end) => {
      expect(redact(JSON.stringify({ sessionId: 'loja1', [field]: text }).slice(0, end))).not.toContain('Zw9secret');
    }), { numRuns: 2_000 });
  });
});

it('evidence is one short line, however long and hostile the text', () => {
  const evidence = evidenceOf(`\u001b[31mforged\n[2026-01-01T00:00:00.000Z] ALERT loja1\r${'x'.repeat(10_000_000)}`);
  expect(evidence.length).toBeLessThanOrEqual(200);
  // oxlint-disable-next-line no-control-regex
  expect(evidence).not.toMatch(/[\u0000-\u001f\u007f]/);
  expect(showable('a\nb'.repeat(500)).length).toBeLessThanOrEqual(80);
});
