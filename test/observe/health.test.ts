// Readiness, the counters' text form, and what happens to uncaught errors.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { createHealth } from '../../src/observe/health.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { guardProcess } from '../../src/observe/process-guard.ts';

describe('health', () => {
  test('the service is ready when every part answers', async () => {
    const health = createHealth();
    health.register('database', () => Promise.resolve());
    assert.deepEqual(await health.ready(), { ok: true, checks: [{ name: 'database', ok: true }] });
  });

  test('a part that fails is named with its reason', async () => {
    const health = createHealth();
    health.register('database', () => Promise.reject(new Error('connection refused')));
    health.register('storage', () => Promise.resolve());
    const report = await health.ready();
    assert.equal(report.ok, false);
    assert.deepEqual(report.checks[0], { name: 'database', ok: false, reason: 'connection refused' });
  });

  test('a part that never answers counts as failed', async () => {
    const health = createHealth(1);
    health.register('storage', () => Promise.withResolvers<void>().promise);
    assert.match((await health.ready()).checks[0]?.reason ?? '', /no answer/);
  });

  test('a service that drains is not ready', async () => {
    const health = createHealth();
    health.drain();
    assert.equal((await health.ready()).ok, false);
  });
});

describe('metrics', () => {
  test('counters and gauges are written in the Prometheus text format', () => {
    const metrics = createMetrics();
    const requests = metrics.counter('http_requests_total', 'answers by status');
    requests.add({ status: '200' });
    requests.add({ status: '200' }, 2);
    requests.add({ status: '404', path: 'a"b\\c\nd' });
    metrics.gauge('active', 'requests in flight', () => 7);
    assert.equal(
      metrics.text(),
      [
        '# HELP active requests in flight',
        '# TYPE active gauge',
        'active 7',
        '# HELP http_requests_total answers by status',
        '# TYPE http_requests_total counter',
        'http_requests_total{path="a\\"b\\\\c\\nd",status="404"} 1',
        'http_requests_total{status="200"} 3',
        '',
      ].join('\n'),
    );
  });
});

describe('the process guard', () => {
  const guard = () => {
    const target = new EventEmitter();
    const ends: number[] = [];
    const counted: unknown[] = [];
    const survived = { add: (labels?: unknown) => void counted.push(labels) };
    guardProcess(target, { log: silentLog, survived, end: (code) => void ends.push(code) });
    return { target, ends, counted };
  };

  test('an error that nobody caught ends the service with exit code 1', () => {
    const { target, ends } = guard();
    target.emit('uncaughtException', new Error('x'));
    target.emit('unhandledRejection', new Error('y'));
    assert.deepEqual(ends, [1, 1]);
  });

  test('a database socket that is gone while it is written to does not', () => {
    const { target, ends, counted } = guard();
    const error = new TypeError("Cannot read properties of null (reading 'write')");
    error.stack = `${error.message}\n    at Immediate.nextWrite (file:///x/node_modules/postgres/src/connection.js:254:22)`;
    target.emit('uncaughtException', error);
    assert.deepEqual(ends, []);
    assert.equal(counted.length, 1);
  });

  test('another error out of the same file does', () => {
    const { target, ends } = guard();
    const error = new RangeError('x');
    error.stack = 'at nextWrite (node_modules/postgres/src/connection.js:254:22)';
    target.emit('uncaughtException', error);
    assert.deepEqual(ends, [1]);
  });
});
