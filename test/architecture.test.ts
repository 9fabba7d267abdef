// The house rules that a program can check: who imports whom (docs/architecture.md), file sizes, named exports, a comment
// at the head of every file.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forbiddenEdges, importsOf, parseImportTable, readSources } from './support/import-table.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const table = parseImportTable(readFileSync(`${root}docs/architecture.md`, 'utf8'));
const sources = readSources(root, ['src'], ['.ts']);
const everything = [...sources, ...readSources(root, ['test', 'scripts', 'bin'], ['.ts', '.js'])];
const maxLines = 400;

describe('the house', () => {
  test('there is something to check', () => {
    assert.ok(table.size >= 15, `${table.size} rooms in the table`);
    assert.ok(sources.length > 0);
  });

  test('every import is in the table of docs/architecture.md', () => {
    assert.deepEqual(forbiddenEdges(sources, table), []);
  });

  test('the table itself has no cycle between rooms', () => {
    const done = new Set<string>(['all']);
    const open = new Set(table.keys());
    for (let before = -1; before !== open.size;) {
      before = open.size;
      for (const room of open) {
        if (![...(table.get(room) ?? [])].every((other) => done.has(other))) continue;
        done.add(room);
        open.delete(room);
      }
    }
    assert.deepEqual([...open], []);
  });

  test(`no file is longer than ${maxLines} lines`, () => {
    const long = everything.filter(({ text }) => text.trimEnd().split('\n').length > maxLines);
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    );
  });

  test('every file says at its head what it is', () => {
    const silent = everything.filter(({ text }) => !/^(?:#!.*\n)?\/[/*]/.test(text));
    assert.deepEqual(
      silent.map(({ path }) => path),
      [],
    );
  });

  test('nothing is exported as default', () => {
    const found = everything.filter(({ text }) => /^\s*export\s+(?:default\b|\{[^}]*\bas\s+default\b)/m.test(text));
    assert.deepEqual(
      found.map(({ path }) => path),
      [],
    );
  });

  test('core does no input or output', () => {
    const rooms = sources.filter(({ path }) => path.startsWith('src/core/') || path.startsWith('src/oci/'));
    const touching = /^(?:node:(?:fs|net|http|https|http2|tls|dgram|child_process|worker_threads|sqlite)\b|undici)/;
    const found = rooms.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((name) => touching.test(name))
        .map((name) => `${path}: ${name}`),
    );
    assert.deepEqual(found, []);
  });
});

describe('the checker of imports', () => {
  const small = parseImportTable(
    '| room | is | may import |\n| - | - | - |\n| core | x | – |\n| shard | y | core |\n\n',
  );
  const edges = (path: string, text: string): string[] => forbiddenEdges([{ path, text }], small);

  test('it reads the table', () => {
    assert.deepEqual([...small.keys()], ['core', 'shard']);
    assert.deepEqual([...(small.get('core') ?? [])], []);
    assert.deepEqual([...(small.get('shard') ?? [])], ['core']);
  });

  const cases: readonly { name: string; path: string; text: string; want: RegExp | undefined }[] = [
    { name: 'an allowed edge', path: 'src/shard/a.ts', text: `import { x } from '../core/x.ts';`, want: undefined },
    { name: 'an edge inside a room', path: 'src/shard/a.ts', text: `import './b.ts';`, want: undefined },
    { name: 'a package', path: 'src/core/a.ts', text: `import { z } from 'zod';`, want: undefined },
    {
      name: 'a forbidden edge over several lines',
      path: 'src/core/a.ts',
      text: `import {\n  type X,\n} from '../shard/x.ts';`,
      want: /core may not import shard/,
    },
    { name: 'a type', path: 'src/core/a.ts', text: `import type { X } from '../shard/x.ts';`, want: /may not import/ },
    { name: 'a re-export', path: 'src/core/a.ts', text: `export * from '../shard/x.ts';`, want: /may not import/ },
    { name: 'a late import', path: 'src/core/a.ts', text: `await import('../shard/x.ts')`, want: /may not import/ },
    {
      name: 'a worker',
      path: 'src/core/a.ts',
      text: `new Worker(new URL('../shard/w.ts', import.meta.url))`,
      want: /may not import/,
    },
    { name: 'main', path: 'src/shard/a.ts', text: `import '../main.ts';`, want: /nobody imports main/ },
    { name: 'a test', path: 'src/shard/a.ts', text: `import '../../test/x.ts';`, want: /outside src/ },
    { name: 'an unknown room', path: 'src/attic/a.ts', text: '', want: /not in the table/ },
  ];
  for (const { name, path, text, want } of cases) {
    test(`${name} is ${want === undefined ? 'accepted' : 'refused'}`, () => {
      const found = edges(path, text);
      if (want === undefined) assert.deepEqual(found, []);
      else assert.match(found.join('\n'), want);
    });
  }
});
