/**
 * `node:http` by another door: an `import` of it reads its every export, and one of those loads Node's WebSocket client,
 * 14 MB resident that nobody here uses.
 */
export const http = process.getBuiltinModule('node:http');
