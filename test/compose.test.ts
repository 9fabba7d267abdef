// compose.yaml is read by the program that people start it with, and names only what the image really has.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgeOrSkip } from './judges.ts';
import { mustRun } from './support/run-program.ts';

const root = join(import.meta.dirname, '..');

test('docker-compose accepts compose.yaml with and without settings', async (t) => {
  const compose = judgeOrSkip(t, 'docker-compose');
  if (compose === undefined) return;
  const plain = await mustRun(compose, ['-f', 'compose.yaml', 'config'], { cwd: root });
  assert.match(plain, /--public-url\s+- http:\/\/localhost:8080\s/);
  assert.match(plain, /DATABASE_URL: postgres:\/\/export_center:export-center@postgres:5432\/export_center/);
  const env = { EXPORT_CENTER_PUBLIC_URL: 'https://exports.example', POSTGRES_PASSWORD: 'changed' };
  const set = await mustRun(compose, ['-f', 'compose.yaml', 'config'], { cwd: root, env });
  assert.match(set, /- https:\/\/exports\.example\s/);
  assert.match(set, /POSTGRES_PASSWORD: changed/);
});

test('everything that the Dockerfile copies is there and not ignored', () => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)].flatMap((match) => (match[1] ?? '').split(' '));
  assert.ok(copied.length >= 5);
  for (const path of copied) {
    assert.ok(existsSync(join(root, path)), path);
    assert.ok(ignored.includes(`!${path}`), `${path} is ignored`);
  }
});
