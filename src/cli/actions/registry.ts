// registry check: what a registry takes, before a run finds out.

import { randomUUID } from 'node:crypto';
import { parseReference } from '../../oci/reference.ts';
import type { RegistryReport } from '../../registry/client/check-registry.ts';
import { argument, type CommandRun, type Outcome } from '../command.ts';
import { formatTable, printable } from '../format.ts';
import { networkFor } from '../network.ts';

const wouldFail = 1;

export async function registryCheck(run: CommandRun): Promise<Outcome> {
  const text = argument(run, 0);
  const reference = parseReference(text);
  const [{ openNetwork }, { checkRegistry }] = await Promise.all([
    import('../../consumer/network.ts'),
    import('../../registry/client/check-registry.ts'),
  ]);
  const network = openNetwork(await networkFor(run.settings, text));
  try {
    const report = await checkRegistry(network.endpoint(reference), randomUUID().slice(0, 8));
    const advice = adviceFor(report);
    const json = { ...report, ok: report.encodings.default, advice };
    return { json, text: describe(report, advice), exitCode: report.encodings.default ? 0 : wouldFail };
  } finally {
    await network.close();
  }
}

function describe({ checks }: RegistryReport, advice: string): string {
  const columns = [{ title: '' }, { title: 'TRAIT' }, { title: 'NEEDED FOR' }, { title: 'WHAT THE REGISTRY DOES' }];
  const rows = checks.map(({ name, ok, neededFor, detail }) => {
    const refused = neededFor.length > 0 ? 'REFUSED' : 'refused';
    const needs = neededFor.length === 2 ? 'both encodings' : neededFor.length === 1 ? `${neededFor[0]} encoding` : '-';
    return [ok ? 'ok' : refused, name, needs, printable(detail)];
  });
  return `${formatTable(columns, rows, '')}${advice}\n`;
}

/** What to do, as one sentence. */
function adviceFor({ encodings, checks, leftovers }: RegistryReport): string {
  const refused = checks.filter(({ ok, neededFor }) => !ok && neededFor.length > 0).map(({ name }) => name);
  const rest = leftovers.length === 0 ? '' : `; these tags could not be removed: ${leftovers.join(', ')}`;
  if (encodings.default) return `exports can be published here as they are${rest}`;
  if (encodings.plain) {
    return `the default encoding would be refused: publish here with a profile that has "encoding": "plain"${rest}`;
  }
  return `exports cannot be published here: the registry refuses ${refused.join(', ')}${rest}`;
}
