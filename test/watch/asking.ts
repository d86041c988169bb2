import { request } from 'node:http';

/** One request over a unix socket, its answer thrown away: the status is what matters. The path goes out as it is written. */
export function statusOf(socketPath: string, method: string, path: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request({ socketPath, method, path, headers, agent: false }, (answer) => {
      resolve(answer.statusCode!);
      answer.destroy();
    });
    asked.once('error', reject);
    asked.end(body);
  });
}
