// ingest, evidence list | show | rejected.

import type { IngestOptions, IngestResult, Refusal, SourceSummary } from '../../evidence/types.ts';
import { argument, flagOption, textOption, type CommandRun, type Outcome } from '../command.ts';
import { formatAge, formatCount, formatPairs, formatTable, printable, secondsSince } from '../format.ts';
import { isFetched, refuseOffline } from '../offline.ts';
import { placeOf } from '../place.ts';
import { withCenter } from '../with-center.ts';

/** Refusals that are shown to people; `evidence rejected` has them all. */
const shownRefusals = 20;

export async function ingest(run: CommandRun): Promise<Outcome> {
  const { settings, host, progress } = run;
  const options = await ingestOptions(run);
  if (isFetched(options.from)) refuseOffline(settings.offline, options.from);
  const result = await withCenter(run, (center) =>
    center.ingest(settings.tenant, options, ({ documents, bytes, totalBytes }) => {
      const note = `${formatCount(documents)} documents`;
      progress.update({ label: `ingest ${options.source}`, done: bytes, total: totalBytes, note });
    }),
  );
  progress.end();
  for (const { path, message } of result.warnings.slice(0, settings.quiet ? 0 : shownRefusals)) {
    host.stderr.write(`warning: ${printable(path)}: ${printable(message)}\n`);
  }
  return { json: result, text: describeIngest(result) };
}

export async function evidenceList(run: CommandRun): Promise<Outcome> {
  const now = run.host.clock.now();
  const sources = await withCenter(run, (center) => center.evidenceSources(run.settings.tenant));
  const hasRows = sources.some((source) => rowsOf(source) > 0);
  const columns = [
    { title: 'SOURCE' },
    { title: 'DOCUMENTS', right: true },
    ...(hasRows ? [{ title: 'ROWS', right: true }] : []),
    { title: 'REJECTED', right: true },
    { title: 'UPDATED', right: true },
    { title: 'NEWEST', right: true },
    { title: 'STATE' },
  ];
  const rows = sources.map((source) => [
    source.source,
    formatCount(source.documents),
    ...(hasRows ? [formatCount(rowsOf(source))] : []),
    formatCount(source.rejected),
    formatAge(source.updatedAt, now),
    formatAge(source.newestModified, now),
    source.stateSha256.slice(0, 12),
  ]);
  const aged = sources.map((source) => ({ ...source, ageSeconds: secondsSince(source.updatedAt, now) ?? null }));
  return { json: { sources: aged }, text: formatTable(columns, rows, 'there is no evidence yet') };
}

/** The text is the document's own bytes, so that it can be piped into a file. */
export async function evidenceShow(run: CommandRun): Promise<Outcome> {
  const { tenant } = run.settings;
  const document = await withCenter(run, (center) =>
    center.evidenceDocument(tenant, argument(run, 0), argument(run, 1)),
  );
  return { json: document, text: document.text };
}

export async function evidenceRejected(run: CommandRun): Promise<Outcome> {
  const rejected = await withCenter(run, (center) => center.evidenceRejections(run.settings.tenant, run.args[0]));
  const columns = [{ title: 'SOURCE' }, { title: 'PATH' }, { title: 'CODE' }, { title: 'REASON' }];
  const rows = rejected.map(({ source, path, code, message }) => [source, path, code, message]);
  return { json: { rejected }, text: formatTable(columns, rows, 'nothing was rejected') };
}

async function ingestOptions(run: CommandRun): Promise<IngestOptions> {
  const from = await placeOf(argument(run, 1), run.host.cwd);
  const format = textOption(run, 'format');
  const licence = textOption(run, 'licence');
  const attribution = textOption(run, 'attribution');
  return {
    source: argument(run, 0),
    from,
    ...(format === undefined ? {} : { format }),
    ...(flagOption(run, 'sync') ? { sync: true } : {}),
    ...(flagOption(run, 'allowShrink') ? { allowShrink: true } : {}),
    ...(licence === undefined ? {} : { licence }),
    ...(attribution === undefined ? {} : { attribution }),
  };
}

/** Rows of the databases that a source points to. */
function rowsOf({ databases = [] }: SourceSummary): number {
  return databases.reduce((sum, { records }) => sum + records, 0);
}

function describeIngest(result: IngestResult): string {
  const rejected = result.rejected.length;
  const pairs = formatPairs([
    ['source', result.source],
    ['sequence', String(result.sequence)],
    ['added', formatCount(result.added)],
    ['changed', formatCount(result.changed)],
    ['removed', formatCount(result.removed)],
    ['unchanged', formatCount(result.unchanged)],
    ['rejected', formatCount(rejected + (result.unlisted ?? 0))],
    ['rows', result.database && formatCount(result.database.records)],
  ]);
  const lines = result.rejected.slice(0, shownRefusals).map(describeRefusal).join('');
  const rest = rejected > shownRefusals ? `  … see export-center evidence rejected ${result.source}\n` : '';
  return pairs + lines + rest;
}

function describeRefusal({ path, code, message }: Refusal): string {
  return `  ${printable(path)}: ${code}: ${printable(message)}\n`;
}
