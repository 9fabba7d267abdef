// profile list | show | put.

import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { ExportError } from '../../core/errors.ts';
import type { ProfileRevision } from '../../runs/center.ts';
import { argument, type CommandRun, type Outcome } from '../command.ts';
import { formatPairs, formatTable } from '../format.ts';
import { readTextFile } from '../settings.ts';
import { withCenter } from '../with-center.ts';

export async function profileList(run: CommandRun): Promise<Outcome> {
  const profiles = await withCenter(run, (center) => center.profiles(run.settings.tenant));
  return { json: { profiles }, text: profileTable(profiles) };
}

/** All revisions, as they are stored. */
export async function profileShow(run: CommandRun): Promise<Outcome> {
  const profiles = await withCenter(run, (center) => center.profile(run.settings.tenant, argument(run, 0)));
  return { json: { profiles }, text: profiles.map(describeProfile).join('\n') };
}

export async function profilePut(run: CommandRun): Promise<Outcome> {
  const file = argument(run, 0);
  const text = file === '-' ? await textOf(run.host.stdin) : await readTextFile(resolve(run.host.cwd, file));
  const document = parseProfile(file, text);
  const revision = await withCenter(run, (center) => center.putProfile(run.settings.tenant, document));
  return { json: revision, text: describeProfile(revision) };
}

function parseProfile(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new ExportError('INPUT_INVALID', message, {
      hint: 'see export-center profile show mirror:full --json',
      cause,
    });
  }
}

function profileTable(profiles: readonly ProfileRevision[]): string {
  const columns = [{ title: 'NAME' }, { title: 'KIND' }, { title: 'REPOSITORY' }, { title: 'REVISION' }];
  const rows = profiles.map(({ name, kind, repository, revision }) => [name, kind, repository, shortDigest(revision)]);
  return formatTable(columns, rows, 'there are no profiles');
}

function describeProfile(profile: ProfileRevision): string {
  return formatPairs([
    ['name', profile.name],
    ['kind', profile.kind],
    ['repository', profile.repository],
    ['scope', JSON.stringify(profile.scope)],
    ['max shrink', profile.maxShrink === undefined ? undefined : String(profile.maxShrink)],
    ['max age', profile.maxAge],
    ['valid for', profile.validFor],
    ['suppress', profile.suppress?.join(', ')],
    ['encoding', profile.encoding],
    ['revision', profile.revision],
    ['created', profile.createdAt],
  ]);
}

function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
