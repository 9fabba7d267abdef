// Starting is most of what a small command costs: what is loaded before a command knows what it needs stays small.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');

/** Everything that is loaded with a file, packages by name; what is imported later, by a call, is left out. */
function loadedWith(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  assert.ok(existsSync(join(root, path)), path);
  const text = readFileSync(join(root, path), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm);
  for (const [, named, bare] of statements) {
    const from = named ?? bare ?? '';
    if (from.startsWith('.')) loadedWith(relative(root, join(root, dirname(path), from)), seen);
    else if (!from.startsWith('node:')) seen.add(from);
  }
  return seen;
}

const packagesOf = (...paths: string[]): string[] =>
  [...new Set(paths.flatMap((path) => [...loadedWith(path)]))].filter((name) => !name.startsWith('src/')).sort();

/** What main.ts imports by a call before it reads a word of the command line. */
const always = ['src/main.ts', 'src/cli.ts', 'src/core/clock.ts', 'src/cli/open-center.ts', 'src/cli/load-consumer.ts'];

describe('what is loaded', () => {
  test('the bare program loads one package', () => {
    assert.deepEqual(packagesOf(...always), ['commander']);
  });

  test('looking into a folder loads no HTTP, no validator and no second database', () => {
    const actions = ['runs', 'evidence', 'profiles'].map((name) => `src/cli/actions/${name}.ts`);
    assert.deepEqual(packagesOf(...always, ...actions, 'src/runs/open-center.ts'), ['commander']);
  });

  test('asking a service loads its client and nothing of the server', () => {
    const packages = packagesOf(...always, 'src/cli/actions/runs.ts', 'src/api/client.ts');
    assert.deepEqual(
      packages.filter((name) => !['commander', 'undici', 'yauzl'].includes(name)),
      [],
    );
  });

  test('the checker sees imports', () => {
    assert.ok(packagesOf('src/api/app.ts').includes('@hono/zod-openapi'));
    assert.ok(packagesOf('src/api/client.ts').includes('undici'));
  });
});
