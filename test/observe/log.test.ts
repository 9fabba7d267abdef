// The service's log: its lines, its levels, and what it must never show.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLog, type LogOptions } from '../../src/observe/log.ts';

function lines(options: Partial<LogOptions> = {}) {
  const out: string[] = [];
  const clock = { now: () => new Date('2026-01-02T03:04:05.678Z') };
  return { log: createLog({ write: (line) => void out.push(line), clock, ...options }), out };
}

describe('the log', () => {
  test('a line is one JSON object with time, level, message and fields', () => {
    const { log, out } = lines();
    log.with({ run: 'r1' }).info('run claimed', { attempt: 2 });
    assert.deepEqual(out, [
      '{"time":"2026-01-02T03:04:05.678Z","level":"info","message":"run claimed","run":"r1","attempt":2}\n',
    ]);
  });

  test('lines below the level are left out', () => {
    const { log, out } = lines({ level: 'warn' });
    log.info('a');
    log.debug('b');
    log.error('c');
    assert.equal(out.length, 1);
  });

  const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ';
  const cases: readonly { name: string; fields: { readonly [name: string]: unknown } }[] = [
    { name: 'a member called authorization', fields: { headers: { Authorization: `Bearer ${secret}` } } },
    { name: 'a list of cookies', fields: { 'set-cookie': [secret] } },
    { name: 'a bearer token inside a text', fields: { note: `sent bearer ${secret} to x` } },
    { name: 'a password in a URL', fields: { url: `postgres://me:${secret}@db/x` } },
    { name: 'a URL object', fields: { url: new URL(`https://me:${secret}@host/x`) } },
    { name: 'a token in a query', fields: { url: `https://host/x?token=${secret}&a=1` } },
    { name: 'the message of an error', fields: { error: new Error(`basic ${secret}`) } },
    { name: 'the cause of an error', fields: { error: new Error('x', { cause: new Error(`basic ${secret}`) }) } },
    {
      name: 'a private key',
      fields: { text: `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----` },
    },
    { name: 'bytes', fields: { body: Buffer.from(secret) } },
  ];
  for (const { name, fields } of cases) {
    test(`it does not show ${name}`, () => {
      const { log, out } = lines();
      log.error('refused', fields);
      assert.doesNotMatch(out.join(''), new RegExp(secret));
      assert.match(out.join(''), /redacted|bytes/);
    });
  }

  test('what refers to itself ends', () => {
    const { log, out } = lines();
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    log.info('loop', loop);
    assert.equal(out.length, 1);
  });
});
