// tuf show | init | target | rotate | publish.

import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import type { TufRoleSummary, TufSummary } from '../../runs/tuf/tuf-center.ts';
import { argument, flagOption, textOption, type CommandRun, type Outcome } from '../command.ts';
import { formatPairs, formatTable } from '../format.ts';
import { readTextFile } from '../settings.ts';
import { tufTrust } from '../tuf-trust.ts';
import { withCenter } from '../with-center.ts';

export async function tufShow(run: CommandRun): Promise<Outcome> {
  return outcome(await withCenter(run, ({ tuf }) => tuf.show(repositoryOf(run))));
}

export async function tufInit(run: CommandRun): Promise<Outcome> {
  return outcome(await withCenter(run, ({ tuf }) => tuf.init(repositoryOf(run))));
}

/** The digest alone on stdout, so that it can stand behind `@` in a reference. */
export async function tufTarget(run: CommandRun): Promise<Outcome> {
  const trust = await tufTrust(run, { from: 'from', root: 'root', memory: 'memory' });
  if (trust?.from === undefined) {
    throw new ExportError('USAGE', '--from and --root are needed', { hint: 'see export-center tuf target --help' });
  }
  const { findTufTarget } = await import('../../consumer/tuf-target.ts');
  const { from, network, now } = trust;
  const target = await findTufTarget(argument(run, 0), { ...trust, from }, { ...network, now });
  return { json: target, text: `${target.digest}\n` };
}

export async function tufRotate(run: CommandRun): Promise<Outcome> {
  const role = textOption(run, 'role');
  if (role !== 'root' && role !== 'targets') {
    throw new ExportError('USAGE', `--role is root or targets, not ${role}`, {
      hint: 'the other roles sign by themselves; give them new keys with --online',
    });
  }
  const file = resolve(run.host.cwd, argument(run, 0));
  const request = { role, newOnlineKeys: flagOption(run, 'online') } as const;
  const draft = await withCenter(run, ({ tuf }) => tuf.draft(repositoryOf(run), request));
  await writeNewFile(file, draft);
  return { json: { file, draft: JSON.parse(draft) as unknown }, text: `wrote ${file}: sign it, then publish it\n` };
}

export async function tufPublish(run: CommandRun): Promise<Outcome> {
  const [file] = run.args;
  const draft = file === undefined ? undefined : await readTextFile(resolve(run.host.cwd, file));
  return outcome(await withCenter(run, ({ tuf }) => tuf.publish(repositoryOf(run), draft)));
}

export function repositoryOf(run: CommandRun): string {
  return textOption(run, 'repository') ?? run.settings.tenant;
}

/** Throws CONFLICT rather than to write over a draft that somebody may have signed. */
async function writeNewFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    const isThere = (await readFile(file).catch(() => undefined)) !== undefined;
    if (!isThere) throw new ExportError('NOT_FOUND', `${file} cannot be written`, { cause });
    throw new ExportError('CONFLICT', `${file} is there already`, { hint: 'give the draft another name', cause });
  }
}

function outcome(summary: TufSummary): Outcome {
  const head = formatPairs([
    ['repository', summary.repository],
    ['publication', String(summary.publication)],
    ['first root', summary.rootFile],
    ['its sha256', summary.rootSha256],
  ]);
  const columns = ['ROLE', 'VERSION', 'EXPIRES', 'SIGNED BY', 'TARGETS', 'RENEWED'].map((title) => ({ title }));
  return { json: summary, text: `${head}\n${formatTable(columns, summary.roles.map(row), 'no roles')}` };
}

function row({ role, version, expires, threshold, keys, targets, renews }: TufRoleSummary): string[] {
  const ids = keys.map(({ id, here }) => `${id.slice(0, 8)}${here ? '' : ' (elsewhere)'}`).join(', ');
  const renewed = renews ? 'by the service' : 'by a ceremony';
  return [
    role,
    String(version),
    expires,
    `${threshold} of ${ids}`,
    targets === undefined ? '' : String(targets),
    renewed,
  ];
}
