// login and gc.

import { text as textOf } from 'node:stream/consumers';
import { ExportError } from '../../core/errors.ts';
import type { Greeting } from '../../api/remote.ts';
import { askSecret } from '../ask-secret.ts';
import { argument, flagOption, type CommandRun, type Outcome } from '../command.ts';
import { formatBytes, formatCount } from '../format.ts';
import { serverKey, storeToken } from '../logins.ts';
import { withCenter } from '../with-center.ts';

const tokenBytes = 65_536;

/** Takes the token from stdin or the terminal, tries it on the server, stores it. */
export async function login(run: CommandRun): Promise<Outcome> {
  const { host, settings } = run;
  const server = serverKey(argument(run, 0));
  const read = host.stdin.isTTY === true ? await askSecret(host, `token for ${server}: `) : await textOf(host.stdin);
  const token = (read.trim() || host.env['EXPORT_CENTER_TOKEN']?.trim()) ?? '';
  if (!/^[\x21-\x7e]+$/.test(token) || token.length > tokenBytes) {
    throw new ExportError('USAGE', 'no token was given', {
      hint: 'the service keeps its own in DIR/operator.token: export-center login URL < operator.token',
    });
  }
  const { greet } = await import('../../api/client.ts');
  const { ca, offline, env, signal } = settings;
  const { principal } = await greet({ server, token, offline, env, signal, ...(ca === undefined ? {} : { ca }) });
  const file = await storeToken(env, server, token);
  return { json: { server, file, ...principal }, text: `logged in to ${server} as ${describe(principal)}\n` };
}

function describe({ name, grants }: Greeting['principal']): string {
  const roles = grants.map(({ role, tenant, repositories }) => {
    const where = tenant === '*' ? 'all tenants' : `tenant ${tenant}`;
    return `${role} of ${repositories === undefined ? where : `${repositories.join(', ')} in ${where}`}`;
  });
  return `${name} (${roles.join('; ')})`;
}

export async function collectGarbage(run: CommandRun): Promise<Outcome> {
  const dryRun = flagOption(run, 'dryRun');
  const removed = await withCenter(run, (center) => center.collectGarbage({ dryRun }));
  const what = `${formatCount(removed.blobs)} blobs, ${formatBytes(removed.bytes)}`;
  return { json: { dryRun, ...removed }, text: `${dryRun ? 'would remove' : 'removed'} ${what}\n` };
}
