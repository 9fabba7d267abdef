// What is kept of tokens and rules in memory: for how long, through changes, and while the database is away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessSource, StoredToken } from '../../src/access/access-source.ts';
import type { PullRule } from '../../src/access/pull-rules.ts';
import { maxAgeMs, rememberedSource } from '../../src/access/remembered-source.ts';
import { ExportError } from '../../src/core/errors.ts';

const token: StoredToken = {
  id: 'tok-1',
  name: 'ci',
  grant: { role: 'reader', tenant: 'acme' },
  sha256: '00',
  expiresAt: undefined,
  revokedAt: undefined,
};
const rule: PullRule = { tenant: 'acme', repository: '*', anonymous: true };

/** A source whose answers tests give one by one, and a clock that they move. */
function desk() {
  let nowMs = 0;
  const questions: { answer(value: unknown): void; fail(error: unknown): void }[] = [];
  const ask = <T>(): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    questions.push({ answer: resolve, fail: reject });
    return promise as Promise<T>;
  };
  const source: AccessSource = {
    tokenByHash: () => ask(),
    tokenById: () => ask(),
    pullRules: () => ask(),
    noteUse: () => undefined,
    noteRefusal: () => undefined,
  };
  const remembered = rememberedSource(source, { now: () => new Date(nowMs) });
  const next = async () => {
    while (questions.length === 0) await Promise.resolve();
    return questions.shift() ?? assert.fail();
  };
  return { remembered, questions, next, pass: (ms: number) => void (nowMs += ms) };
}

test('a token is asked for once by many, and again when a second has passed', async () => {
  const { remembered, questions, next, pass } = desk();
  const many = [1, 2, 3].map(() => remembered.tokenById('tok-1'));
  (await next()).answer(token);
  assert.deepEqual(await Promise.all(many), [token, token, token]);
  pass(maxAgeMs - 1);
  assert.equal(await remembered.tokenById('tok-1'), token);
  assert.equal(questions.length, 0);
  pass(1);
  const later = remembered.tokenById('tok-1');
  (await next()).answer(undefined);
  assert.equal(await later, undefined);
});

test('what nobody knows is asked for each time', async () => {
  const { remembered, next } = desk();
  for (let time = 0; time < 2; time++) {
    const asked = remembered.tokenByHash('00');
    (await next()).answer(undefined);
    assert.equal(await asked, undefined);
  }
});

test('an answer that was under way when something changed is not remembered', async () => {
  const { remembered, next } = desk();
  const early = remembered.tokenById('tok-1');
  const question = await next();
  remembered.forget();
  const late = remembered.tokenById('tok-1');
  question.answer(token);
  (await next()).answer({ ...token, revokedAt: 'now' });
  assert.equal((await early)?.revokedAt, undefined);
  assert.equal((await late)?.revokedAt, 'now', 'it does not share the question that was asked before');
  assert.equal((await remembered.tokenById('tok-1'))?.revokedAt, 'now');
});

test('rules hold on while the database is away, tokens do not', async () => {
  const { remembered, next, pass } = desk();
  const away = new ExportError('DATABASE_UNAVAILABLE', 'away');
  const first = remembered.pullRules();
  (await next()).fail(away);
  await assert.rejects(first, away, 'nothing is known yet');
  const second = remembered.pullRules();
  (await next()).answer([rule]);
  assert.deepEqual(await second, [rule]);
  pass(maxAgeMs);
  const third = remembered.pullRules();
  (await next()).fail(away);
  assert.deepEqual(await third, [rule]);
  assert.deepEqual(await remembered.pullRules(), [rule], 'and it is not asked again at once');
  const lookup = remembered.tokenById('tok-1');
  (await next()).fail(away);
  await assert.rejects(lookup, away);
  remembered.forget();
  const changed = remembered.pullRules();
  (await next()).fail(away);
  await assert.rejects(changed, away, 'a rule that was just changed is not taken from before');
});
