// A few judges are packaged in Debian unstable only. They are downloaded with a private apt configuration (own sources,
// lists and cache; the system's stay untouched) and unpacked beside the system, without installing anything.

import { existsSync, globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../test/support/run-program.ts';

const timeoutMs = 10 * 60_000;
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Downloads `name` from sid and returns the folder it is unpacked in. Needs apt, but not root. */
export async function unpackFromSid(name: string, scratch: string): Promise<string> {
  const options = await privateConfiguration(scratch);
  await mustRun('apt-get', [...options, '-qq', 'update'], { timeoutMs });
  const downloads = join(scratch, 'downloads');
  await mkdir(downloads);
  await mustRun('apt-get', [...options, '-qq', 'download', `${name}/sid`], { cwd: downloads, timeoutMs });
  const unpacked = join(scratch, 'unpacked');
  for (const file of globSync('*.deb', { cwd: downloads })) {
    await mustRun('dpkg', ['-x', join(downloads, file), unpacked], { timeoutMs });
  }
  return unpacked;
}

async function privateConfiguration(scratch: string): Promise<string[]> {
  const folder = join(scratch, 'apt');
  for (const path of ['lists/partial', 'cache/archives/partial', 'parts']) {
    await mkdir(join(folder, path), { recursive: true });
  }
  const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
  await writeFile(join(folder, 'sources.list'), `deb ${signed}${await systemMirror()} sid main\n`);
  const settings = {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': join(folder, 'parts'),
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    // Otherwise apt running as root drops to an account that may not write here.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/** The mirror that this machine uses for Debian itself: the first one of its own sources whose path ends in /debian. */
async function systemMirror(): Promise<string> {
  const files = ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*.{list,sources}')].filter(existsSync);
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    const found = text.match(/^(?:URIs:|deb)\s.*?(https?:\/\/\S+\/debian)\/?(?:\s|$)/m);
    if (found?.[1] !== undefined) return found[1];
  }
  throw new Error('needs a machine with Debian package sources');
}
