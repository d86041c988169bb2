import { PATTERNS } from './stage.ts';

/** Everything a person could write to look like trouble: every line and every word any pattern looks for. */
const QUOTES = PATTERNS.flatMap((pattern) => [...pattern.hits.map(({ line }) => line), ...pattern.literals]);
const TAILS = ['', ' loja1', ': loja1', ' {"sessionId":"loja1"}', '\u0000', '\u001b[31merror\u001b[39m', '"', '\\"', '}', '%2e%2e', '../../loja1', '}\n', ' 😀'];

/** Frames of both containers, with the place where somebody else's text goes. */
const FRAMES: readonly ((said: string) => string)[] = [
  (said) => JSON.stringify({ level: 'info', message: 'Webhook event queued', sessionId: 'loja1', eventType: 'onmessage', body: said }),
  (said) => JSON.stringify({ level: 'info', message: 'Received webhook event from WPPConnect', sessionId: 'loja1', eventType: 'onmessage', type: 'chat', body: said, notifyName: said }),
  (said) => JSON.stringify({ level: 'info', message: 'Normalized event', event: 'message.received', session: { id: 'loja1' }, raw: { payload: { event: 'onmessage', type: 'chat', body: said, sender: { pushname: said } } } }),
  (said) => JSON.stringify({ level: 'info', message: 'Webhook event queued', event: 'connection.update', session: { id: 'loja1' }, connection: { status: 'unavailable' }, raw: { payload: { event: 'onpresencechanged', id: said, isOnline: false, shortName: said } } }),
  (said) => JSON.stringify({ level: 'error', message: 'Error calling Webhook', url: `https://hub.example/${said}`, sessionId: 'loja1', response: { data: said } }),
  (said) => JSON.stringify({ level: 30, msg: 'chat', sessionId: 'loja1', text: said, err: undefined }),
  (said) => `2026-03-04T09:12:45.153Z [info]: Webhook event queued ${JSON.stringify({ sessionId: 'loja1', eventType: 'onmessage', body: said })}`,
  (said) => `2026-03-04T09:12:45.153Z [info]: Message from Ana: ${said}`,
  (said) => `2026-03-04T09:12:45.153Z [warn]: ${said.replaceAll('\n', ' ')} was the name of a contact`,
  (said) => `info: 2026-03-04T09:12:45.153Z Sending message to 5500000000001: ${said}`,
  (said) => `error: 2026-03-04T09:12:45.153Z Error: could not send "${said}"`,
  (said) => `info:     [loja1:client] onMessage: ${said}`,
  (said) => `error:    [loja1:client] Message not sent: ${said}`,
  (said) => `INFO [wbot] whatsappId=31 message: ${said}`,
  (said) => `ERROR [wbot] whatsappId=31 error: could not answer "${said}"`,
];

/** One line of chat that wants to be mistaken for trouble. Raw newlines are written as the programs escape them. */
export function hostileLine(random: () => number): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  let said = pick(QUOTES) + pick(TAILS);
  if (random() < 0.3) said = pick(TAILS) + said;
  if (random() < 0.1) said = JSON.stringify({ event: 'connection.update', session: 'loja1', connection: { state: 'close' }, quoted: said });
  return pick(FRAMES)(said).replaceAll('\n', '\\n');
}
