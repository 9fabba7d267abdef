// What the documents name must be there: files that they link or mention, functions, commands, exit codes, metrics.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSources } from './support/import-table.ts';
import { runProgram } from './support/run-program.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/formats.md',
  'docs/operations/runbook.md',
  'registry-fixtures/layouts/README.md',
];
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');
const source = readSources(root, ['src'], ['.ts']).map(({ text }) => text);

test('links inside the documents lead somewhere', () => {
  for (const page of pages) {
    for (const [, target = ''] of textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(root, dirname(page), target)), `${page}: ${target}`);
    }
  }
});

test('files that the documents mention are there', () => {
  for (const page of pages.filter((name) => name !== 'CONTRIBUTING.md')) {
    for (const [, path = ''] of textOf(page).matchAll(/`((?:src|test|scripts|docs|registry-fixtures)\/[\w./-]+)`/g)) {
      assert.ok(existsSync(join(root, path)), `${page}: ${path}`);
    }
  }
  for (const [path] of textOf('docs/architecture.md').matchAll(/\b(?:\w+\/)+[\w-]+\.ts\b/g)) {
    assert.ok(existsSync(join(root, 'src', path)) || existsSync(join(root, path)), path);
  }
});

test('functions that the architecture names exist', () => {
  const words = new Set(source.flatMap((text) => text.match(/\w+/g) ?? []));
  const named = textOf('docs/architecture.md').match(/\b[a-z]+(?:[A-Z][a-z]+)+\b/g) ?? [];
  assert.ok(named.length > 40, `${named.length} names`);
  assert.deepEqual(
    named.filter((name) => !words.has(name)),
    [],
  );
});

/** Commands whose second word says what they do. */
const groups = new Set('audit evidence keys mirror profile registry runs tenant token tuf'.split(' '));

test('commands, options and variables of README and runbook exist', async () => {
  const text = textOf('README.md') + textOf('docs/operations/runbook.md');
  const code = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].map((match) => match[1]).join('\n');
  const lines = [...code.matchAll(/export-center ((?:[a-z]+(?:-[a-z]+)* ?){1,2})([^|<>#\n]*)/g)];
  assert.ok(lines.length > 20, `${lines.length} commands`);
  const helps = new Map<string, string>();
  for (const [line, words = '', rest = ''] of lines) {
    const [first = '', second] = words.trim().split(' ');
    const command = groups.has(first) ? [first, second ?? ''] : [first];
    const name = command.join(' ');
    if (!helps.has(name)) helps.set(name, await helpOf(command));
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) assert.ok(helps.get(name)?.includes(option), line);
  }
  for (const [name] of text.matchAll(/\b(?:EXPORT_CENTER_[A-Z_]+|DATABASE_URL|DOCKER_CONFIG)\b/g)) {
    assert.ok(
      source.some((file) => file.includes(name)),
      name,
    );
  }
});

async function helpOf(command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(process.execPath, ['bin/export-center.js', ...command, '--help'], {
    cwd: root,
  });
  assert.equal(code, 0, `${command.join(' ')}: ${stderr}`);
  assert.ok(stdout.includes(`export-center ${command.join(' ')}`), stdout);
  return stdout;
}

test('error codes and metrics of the runbook exist', () => {
  const text = textOf('docs/operations/runbook.md');
  const names = [...text.matchAll(/\b(?:ERR_EXPORT_[A-Z_]+|export_center_[a-z_]+_total|STORAGE_FULL)\b/g)];
  assert.ok(names.length >= 5);
  for (const [name] of names)
    assert.ok(
      source.some((file) => file.includes(`'${name}'`) || file.includes(`${name}:`)),
      name,
    );
});
