// tenant add | list | open | close, token create | list | revoke, audit list.

import { ExportError } from '../../core/errors.ts';
import type { AuditRecord, TenantRecord, TokenRecord } from '../../runs/access-center.ts';
import { argument, textOption, type CommandRun, type Outcome } from '../command.ts';
import { formatAge, formatTable } from '../format.ts';
import { withCenter } from '../with-center.ts';

export async function tenantAdd(run: CommandRun): Promise<Outcome> {
  const tenant = await withCenter(run, ({ access }) => access.addTenant(argument(run, 0)));
  return { json: tenant, text: `added ${tenant.name}\n` };
}

export async function tenantList(run: CommandRun): Promise<Outcome> {
  const tenants = await withCenter(run, ({ access }) => access.tenants());
  return { json: { tenants }, text: tenantTable(tenants) };
}

export function tenantOpen(run: CommandRun): Promise<Outcome> {
  return setRule(run, true);
}

export function tenantClose(run: CommandRun): Promise<Outcome> {
  return setRule(run, false);
}

async function setRule(run: CommandRun, anonymous: boolean): Promise<Outcome> {
  const [name = '', repository = '*'] = run.args;
  const tenant = await withCenter(run, ({ access }) => access.setPullRule(name, { repository, anonymous }));
  const place = `${name}/${repository}`;
  const text = anonymous ? `everybody may pull from ${place}` : `pulls from ${place} need a token`;
  return { json: tenant, text: `${text}\n` };
}

/** The token alone on stdout, so that it can be piped; what is to be known about it goes to stderr. */
export async function tokenCreate(run: CommandRun): Promise<Outcome> {
  const { settings, options, host } = run;
  const expires = textOption(run, 'expires');
  const { repository } = options;
  const created = await withCenter(run, ({ access }) =>
    access.createToken({
      name: argument(run, 0),
      role: textOption(run, 'role') ?? 'reader',
      tenant: settings.tenant,
      ...(Array.isArray(repository) ? { repositories: repository.map(String) } : {}),
      ...(expires === undefined ? {} : { expires }),
    }),
  );
  if (!settings.quiet) host.stderr.write(`${describe(created)}; it is not shown again\n`);
  return { json: created, text: `${created.token}\n` };
}

export async function tokenList(run: CommandRun): Promise<Outcome> {
  const tokens = await withCenter(run, ({ access }) => access.tokens());
  return { json: { tokens }, text: tokenTable(tokens, run.host.clock.now()) };
}

export async function tokenRevoke(run: CommandRun): Promise<Outcome> {
  const revoked = await withCenter(run, ({ access }) => access.revokeToken(argument(run, 0)));
  return { json: revoked, text: `revoked ${revoked.id} (${revoked.name})\n` };
}

export async function auditList(run: CommandRun): Promise<Outcome> {
  const limit = Number(textOption(run, 'limit'));
  const before = textOption(run, 'before');
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new ExportError('USAGE', '--limit takes a number from 1 to 1000', {
      hint: 'see export-center audit list --help',
    });
  }
  const query = { limit, ...(before === undefined ? {} : { before }) };
  const entries = await withCenter(run, ({ access }) => access.audit(query));
  return { json: { entries }, text: auditTable(entries) };
}

function describe({ id, role, tenant, repositories, expiresAt }: TokenRecord): string {
  const where = tenant === '*' ? 'all tenants' : `tenant ${tenant}`;
  const limit = repositories === undefined ? '' : `, ${repositories.join(', ')} only`;
  const end = expiresAt === undefined ? 'does not expire' : `expires ${expiresAt}`;
  return `${id}: ${role} of ${where}${limit}, ${end}`;
}

function tenantTable(tenants: readonly TenantRecord[]): string {
  const columns = [{ title: 'TENANT' }, { title: 'OPEN TO EVERYBODY' }, { title: 'CLOSED' }];
  const rows = tenants.map(({ name, rules }) => {
    const named = (open: boolean): string =>
      rules
        .filter(({ anonymous }) => anonymous === open)
        .map(({ repository }) => repository)
        .join(', ');
    const standard = rules.some(({ repository }) => repository === '*') ? '' : '*';
    return name === 'default'
      ? [name, [standard, named(true)].filter(Boolean).join(', '), named(false)]
      : [name, named(true), [standard, named(false)].filter(Boolean).join(', ')];
  });
  return formatTable(columns, rows, 'there are no tenants');
}

function tokenTable(tokens: readonly TokenRecord[], now: Date): string {
  const titles = ['ID', 'NAME', 'TENANT', 'ROLE', 'REPOSITORIES', 'STATE', 'EXPIRES', 'LAST USED'];
  const rows = tokens.map(({ id, name, tenant, role, repositories, state, expiresAt, lastUsedAt }) => [
    id,
    name,
    tenant,
    role,
    repositories?.join(', ') ?? '*',
    state,
    expiresAt?.slice(0, 10) ?? 'never',
    lastUsedAt === undefined ? '–' : formatAge(lastUsedAt, now),
  ]);
  const columns = titles.map((title) => ({ title }));
  return formatTable(columns, rows, 'there are no tokens');
}

function auditTable(entries: readonly AuditRecord[]): string {
  const columns = ['AT', 'ACTOR', 'ACTION', 'TARGET', 'DETAIL'].map((title) => ({ title }));
  const rows = entries.map(({ at, actor, action, target, detail }) => {
    const told = Object.entries(detail).filter(([, value]) => value !== null);
    const text = told.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    return [at, actor, action, target, text.join(' ')];
  });
  return formatTable(columns, rows, 'there are no entries');
}
