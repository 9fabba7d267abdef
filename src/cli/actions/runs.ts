// run, runs list | show | watch | cancel.

import { isAbsolute } from 'node:path';
import { ExportError, isErrorCode } from '../../core/errors.ts';
import type { Center, RunComparison, RunRecord, RunRequest } from '../../runs/center.ts';
import { argument, flagOption, textOption, type CommandRun, type Outcome } from '../command.ts';
import { formatAge, formatBytes, formatCount, formatPairs, formatTable } from '../format.ts';
import { refuseOffline } from '../offline.ts';
import { databasePlaceOf } from '../place.ts';
import { withCenter } from '../with-center.ts';

/** How long Ctrl-C waits for the run to notice that it was cancelled. */
const cancelMs = 10_000;

export async function startRun(run: CommandRun): Promise<Outcome> {
  const { settings } = run;
  const request = await runRequest(run);
  for (const place of [request.to, request.compare]) {
    if (place !== undefined && !isAbsolute(place)) refuseOffline(settings.offline, place);
  }
  if (!flagOption(run, 'detach')) return withCenter(unsignalled(run), (center) => startAndWait(run, center, request));
  const record = await withCenter(run, (center) => center.startRun(settings.tenant, request), { queueOnly: true });
  return { json: record, text: describeRun(record) };
}

export async function runsList(run: CommandRun): Promise<Outcome> {
  const now = run.host.clock.now();
  const limit = parseLimit(textOption(run, 'limit'));
  const runs = await withCenter(run, (center) => center.runs(run.settings.tenant, limit));
  const columns = [
    { title: 'RUN' },
    { title: 'PROFILE' },
    { title: 'STATE' },
    { title: 'STARTED', right: true },
    { title: 'RECORDS', right: true },
    { title: 'SIZE', right: true },
    { title: 'DIGEST OR REASON' },
  ];
  const rows = runs.map(({ run: id, profile, state, createdAt, result, failure }) => [
    id,
    profile,
    state,
    formatAge(createdAt, now),
    result === undefined ? '' : formatCount(result.records),
    result === undefined ? '' : formatBytes(result.bytes),
    result?.digest.slice(0, 19) ?? failure?.code ?? '',
  ]);
  return { json: { runs }, text: formatTable(columns, rows, 'there are no runs yet') };
}

export async function runShow(run: CommandRun): Promise<Outcome> {
  const record = await withCenter(run, (center) => center.run(run.settings.tenant, argument(run, 0)));
  return { json: record, text: describeRun(record) };
}

export async function runWatch(run: CommandRun): Promise<Outcome> {
  const id = argument(run, 0);
  return withCenter(run, async (center) => endOf(await follow(run, center, id)));
}

export async function runCancel(run: CommandRun): Promise<Outcome> {
  const record = await withCenter(run, (center) => center.cancelRun(run.settings.tenant, argument(run, 0)));
  return { json: record, text: describeRun(record) };
}

/** Ctrl-C is handled here: it cancels the run, which then ends by itself. */
function unsignalled(run: CommandRun): CommandRun {
  const never = new AbortController().signal;
  const settings = { ...run.settings, signal: never };
  return { ...run, settings, host: { ...run.host, signal: never } };
}

async function startAndWait(run: CommandRun, center: Center, request: RunRequest): Promise<Outcome> {
  const { signal } = run.host;
  const record = await center.startRun(run.settings.tenant, request);
  const followed = follow(unsignalled(run), center, record.run);
  if (await settledBefore(followed, signal)) return endOf(await followed);
  await center.cancelRun(run.settings.tenant, record.run);
  await settledBefore(followed, AbortSignal.timeout(cancelMs));
  throw new ExportError('CANCELLED', `run ${record.run} was cancelled`);
}

async function settledBefore(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const aborted = Promise.withResolvers<boolean>();
  const onAbort = (): void => aborted.resolve(false);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Shows the events of a run until it ends; returns it as it ended. */
async function follow({ settings, progress }: CommandRun, center: Center, id: string): Promise<RunRecord> {
  for await (const { state, message, done, total } of center.runEvents(settings.tenant, id, 0, settings.signal)) {
    if (state !== 'succeeded') progress.update({ label: message === '' ? state : message, done, total });
  }
  progress.end();
  return center.run(settings.tenant, id);
}

/** A success is told by its result, everything else by its error. */
function endOf(record: RunRecord): Outcome {
  if (record.result !== undefined) return { json: record.result, text: describeRun(record) };
  const { run, state, failure } = record;
  if (state === 'cancelled') throw new ExportError('CANCELLED', `run ${run} was cancelled`);
  if (failure === undefined) throw new ExportError('UNREACHABLE', `run ${run} is ${state}: its events ended early`);
  const code = isErrorCode(failure.code) ? failure.code : 'INTERNAL';
  throw new ExportError(code, failure.message, { hint: failure.hint ?? `see export-center runs show ${run}` });
}

async function runRequest(run: CommandRun): Promise<RunRequest> {
  const to = textOption(run, 'to');
  const base = textOption(run, 'base');
  const compare = textOption(run, 'compare');
  const idempotencyKey = textOption(run, 'idempotencyKey');
  return {
    profile: argument(run, 0),
    ...(to === undefined ? {} : { to }),
    ...(base === undefined ? {} : { base }),
    ...(compare === undefined ? {} : { compare: await databasePlaceOf(compare, run.host.cwd) }),
    ...(flagOption(run, 'acceptShrink') ? { acceptShrink: true } : {}),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0 && limit <= 100_000) return limit;
  throw new ExportError('USAGE', `--limit takes a number from 1 to 100000, not ${text}`);
}

function describeRun({ run, profile, state, createdAt, attempt, result, failure }: RunRecord): string {
  const pairs = formatPairs([
    ['run', run],
    ['profile', profile],
    ['state', state],
    ['started', createdAt],
    ['attempt', attempt > 1 ? String(attempt) : undefined],
    ['reference', result?.reference],
    ['digest', result?.digest],
    ['set root', result?.setRoot],
    ['records', result === undefined ? undefined : formatCount(result.records)],
    ['size', result === undefined ? undefined : `${formatBytes(result.bytes)}, ${formatBytes(result.bytesNew)} new`],
    ['layers', result === undefined ? undefined : `${result.layers}, ${result.layersNew} new`],
    ['error', failure === undefined ? undefined : `${failure.code}: ${failure.message}`],
    ['hint', failure?.hint],
    ['compared with', result?.comparison?.theirs],
    ['report', result?.comparison?.report],
  ]);
  return result?.comparison === undefined ? pairs : `${pairs}\n${describeComparison(result.comparison)}`;
}

/** Buckets that differ, and the sum over all. */
function describeComparison({ total, buckets }: RunComparison): string {
  const counts = ['same', 'onlyOurs', 'onlyTheirs', 'severity', 'status', 'fix', 'other'] as const;
  const titles = ['SAME', 'ONLY OURS', 'ONLY THEIRS', 'SEVERITY', 'STATUS', 'FIX', 'OTHER'];
  const columns = [{ title: 'BUCKET' }, ...titles.map((title) => ({ title, right: true }))];
  const rows = [...buckets, { bucket: '(all)', ...total }];
  const cells = rows.map((row) => [row.bucket, ...counts.map((count) => formatCount(row[count]))]);
  return formatTable(columns, cells, '');
}
