// The tar reader on archives that GNU tar made, and on damaged ones.

import assert from 'node:assert/strict';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ExportError } from '../../src/core/errors.ts';
import { readTar } from '../../src/profiles/database/read-tar.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';

const longName = `${'folder/'.repeat(30)}trivy.db`;

async function archive(scope: Scope, format: string): Promise<Buffer> {
  const folder = await temporaryFolder(scope, 'tar');
  const file = join(await temporaryFolder(scope, 'tar-file'), 'a.tar');
  await mkdir(join(folder, longName, '..'), { recursive: true });
  await writeFile(join(folder, longName), 'deep');
  await writeFile(join(folder, 'metadata.json'), '{}');
  await writeFile(join(folder, 'trivy.db'), Buffer.alloc(1_300, 7));
  await symlink('/etc/passwd', join(folder, 'link'));
  await mustRun('tar', ['-C', folder, `--format=${format}`, '-cf', file, '.']);
  return readFile(file);
}

async function entriesOf(bytes: Buffer, piece = 700): Promise<{ name: string; isFile: boolean; text: string }[]> {
  const found = [];
  for await (const { name, isFile, content } of readTar(pieces(bytes, piece))) {
    const all: Buffer[] = [];
    for await (const part of content) all.push(part);
    found.push({ name, isFile, text: Buffer.concat(all).toString('latin1') });
  }
  return found;
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('a tar archive', () => {
  for (const format of ['gnu', 'pax', 'ustar']) {
    test(`of the format ${format} gives its files, and links without content`, async (t) => {
      const bytes = await archive(t, format);
      for (const piece of [1, 511, 100_000]) {
        const found = await entriesOf(bytes, piece);
        const files = new Map(found.filter(({ isFile }) => isFile).map(({ name, text }) => [name, text]));
        assert.equal(files.get(longName), 'deep');
        assert.equal(files.get('metadata.json'), '{}');
        assert.equal(files.get('trivy.db'), '\u0007'.repeat(1_300));
        assert.equal(files.size, 3);
        assert.deepEqual(
          found.filter(({ name }) => name === 'link'),
          [{ name: 'link', isFile: false, text: '' }],
        );
      }
    });
  }

  test('whose content is left aside goes on with the next entry', async (t) => {
    const names: string[] = [];
    for await (const { name } of readTar(pieces(await archive(t, 'pax'), 700))) names.push(name);
    assert.ok(names.includes('trivy.db') && names.includes('metadata.json') && names.includes(longName));
  });

  test('that is cut short, or whose headers lie, is refused', async (t) => {
    const bytes = await archive(t, 'gnu');
    const end = bytes.indexOf(Buffer.alloc(1_024)) + 512;
    for (let length = 1; length < end - 1_024; length += 313) {
      if (length % 512 === 0) continue;
      await assert.rejects(
        entriesOf(bytes.subarray(0, length)),
        (error) => error instanceof ExportError && error.code === 'VERIFICATION_FAILED',
      );
    }
    const lying = Buffer.from(bytes);
    lying[124] = 0x39;
    await assert.rejects(entriesOf(lying), /checksum of a header|a size is no number/);
  });
});
