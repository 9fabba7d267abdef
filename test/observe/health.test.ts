// Readiness, and the counters' text form.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHealth } from '../../src/observe/health.ts';
import { createMetrics, type Reading } from '../../src/observe/metrics.ts';

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
  test('counters and gauges are written in the Prometheus text format', async () => {
    const metrics = createMetrics();
    const requests = metrics.counter('http_requests_total', 'answers by status');
    requests.add({ status: '200' });
    requests.add({ status: '200' }, 2);
    requests.add({ status: '404', path: 'a"b\\c\nd' });
    metrics.gauge('active', 'requests in flight', () => 7);
    let ages: Reading = [[{ kind: 'gone' }, 1]];
    metrics.gauge('age_seconds', 'how old', () => Promise.resolve(ages));
    await metrics.text();
    ages = [
      [{ kind: 'b' }, 2.5],
      [{ kind: 'a' }, -1],
    ];
    assert.equal(
      await metrics.text(),
      [
        '# HELP active requests in flight',
        '# TYPE active gauge',
        'active 7',
        '# HELP age_seconds how old',
        '# TYPE age_seconds gauge',
        'age_seconds{kind="a"} -1',
        'age_seconds{kind="b"} 2.5',
        '# HELP http_requests_total answers by status',
        '# TYPE http_requests_total counter',
        'http_requests_total{path="a\\"b\\\\c\\nd",status="404"} 1',
        'http_requests_total{status="200"} 3',
        '',
      ].join('\n'),
    );
  });
});
