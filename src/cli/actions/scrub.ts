// scrub: everything that the registry stores is hashed anew; exit code 3 when something was wrong.

import { ExportError } from '../../core/errors.ts';
import type { ScrubFinding } from '../../registry/storage/scrub.ts';
import { textOption, type CommandRun, type Outcome } from '../command.ts';
import { formatBytes, formatCount, formatTable } from '../format.ts';
import { withCenter } from '../with-center.ts';

const damagedExitCode = 3;

export async function scrub(run: CommandRun): Promise<Outcome> {
  const bytesPerSecond = parseRate(textOption(run, 'rate'));
  const { signal } = run.settings;
  const options = { signal, ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }) };
  const { blobs, bytes, findings } = await withCenter(run, (center) =>
    center.scrub(options, ({ bytes: done, totalBytes: total, found }) => {
      run.progress.update({ label: 'scrubbing', done, total, ...(found > 0 ? { note: `${found} found` } : {}) });
    }),
  );
  const ok = findings.length === 0;
  const read = `${formatCount(blobs)} blobs, ${formatBytes(bytes)}`;
  const of = (kind: ScrubFinding['kind']) =>
    findings.filter((finding) => finding.kind === kind).map(({ kind: _, ...rest }) => rest);
  return {
    json: { ok, blobs, bytes, quarantined: of('quarantined'), missing: of('missing') },
    text: ok ? `all is right: ${read}\n` : `${tableOf(findings)}${read}, ${findings.length} wrong\n`,
    ...(ok ? {} : { exitCode: damagedExitCode }),
  };
}

function tableOf(findings: readonly ScrubFinding[]): string {
  const columns = [{ title: 'FOUND' }, { title: 'DIGEST' }, { title: 'REPOSITORIES' }, { title: 'REASON' }];
  const rows = findings.map(({ kind, digest, repositories, reason }) => [
    kind,
    digest,
    repositories.join(', '),
    reason,
  ]);
  return formatTable(columns, rows, '');
}

/** Bytes per second out of MiB per second; undefined for 0, which means as fast as it goes. */
function parseRate(text = ''): number | undefined {
  if (/^\d{1,6}(?:\.\d{1,3})?$/.test(text)) return Math.round(Number(text) * (1 << 20)) || undefined;
  throw new ExportError('USAGE', `not a rate: ${text}`, { hint: 'write MiB per second, such as 50; 0 for no limit' });
}
