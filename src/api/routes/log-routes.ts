// /log: the transparency log as Rekor's API v1 shows one, for reading alone and for everybody: `rekor-cli --rekor_server
// ORIGIN/log`. Monitors of a log are strangers by nature. Its answers and errors have Rekor's shapes, so it is not in our
// own description.

import type { Context, Hono } from 'hono';
import { ExportError, httpStatusOf, toExportError } from '../../core/errors.ts';
import { asObject } from '../../trust/envelope.ts';
import {
  consistencyJson,
  entryUuid,
  leafOfProposed,
  leafOfUuid,
  logEntryJson,
  logInfoJson,
  searchedKeys,
} from '../../trust/log/rekor-api.ts';
import type { LoggedEntry } from '../../trust/log/logged-entry.ts';
import type { TransparencyLog } from '../../trust/log/transparency-log.ts';
import { readJsonBody } from '../request-body.ts';

const prefix = '/log/api/v1';

const maxBodyBytes = 1 << 20;
/** Rekor's own bound. */
const maxRetrieved = 10;
const maxFound = 1_000;

export function addLogRoutes(app: Pick<Hono, 'get' | 'post'>, log: TransparencyLog): void {
  const { identity } = log;
  app.get(`${prefix}/log`, (c) => answer(c, async () => logInfoJson(identity, await log.head())));
  app.get(`${prefix}/log/publicKey`, (c) => {
    if (!isOurTree(c, log)) return c.json({ code: 404, message: 'the log has no such tree' }, 404);
    return c.body(identity.publicKey.pem, 200, { 'content-type': 'application/x-pem-file' });
  });
  app.get(`${prefix}/log/proof`, (c) => answer(c, () => proof(c, log)));
  app.get(`${prefix}/log/entries`, (c) =>
    answer(c, async () => found(log, await log.entryAt(wholeNumber(c.req.query('logIndex'), 'logIndex')))),
  );
  app.get(`${prefix}/log/entries/:uuid`, (c) =>
    answer(c, async () => found(log, await entryNamed(log, c.req.param('uuid') ?? ''))),
  );
  app.post(`${prefix}/log/entries/retrieve`, (c) => answer(c, () => retrieve(c, log)));
  app.post(`${prefix}/index/retrieve`, (c) => answer(c, () => search(c, log)));
}

async function proof(c: Context, log: TransparencyLog): Promise<object> {
  if (!isOurTree(c, log)) throw new ExportError('NOT_FOUND', 'the log has no such tree');
  const first = wholeNumber(c.req.query('firstSize') ?? '1', 'firstSize');
  const last = wholeNumber(c.req.query('lastSize'), 'lastSize');
  const { size } = await log.head();
  if (first < 1 || last < first || last > size) {
    throw new ExportError('INPUT_INVALID', `sizes go from 1 to ${size}, the first one not above the last`);
  }
  return consistencyJson(await log.consistency(first, last));
}

/** Entries by name, index or what they would be; those that are not there are left out. */
async function retrieve(c: Context, log: TransparencyLog): Promise<object> {
  const body = asObject(await readJsonBody(c.req.raw, maxBodyBytes), 'the query');
  const names = listOf(body, 'entryUUIDs');
  const indices = listOf(body, 'logIndexes');
  const proposed = listOf(body, 'entries');
  const all = await Promise.all([
    ...names.map((uuid) => entryNamed(log, String(uuid))),
    ...indices.map((index) => log.entryAt(wholeNumber(String(index), 'logIndexes'))),
    ...proposed.map((entry) => log.entryOf(leafOfProposed(entry))),
  ]);
  return all.filter((entry) => entry !== undefined).map((entry) => logEntryJson(log.identity, entry));
}

function listOf(query: Record<string, unknown>, name: string): unknown[] {
  // rekor-cli writes null for a list that it leaves empty.
  const list = query[name] ?? [];
  if (Array.isArray(list) && list.length <= maxRetrieved) return list as unknown[];
  throw new ExportError('INPUT_INVALID', `${name} is a list of ${maxRetrieved} entries at most`);
}

async function search(c: Context, log: TransparencyLog): Promise<object> {
  const query = asObject(await readJsonBody(c.req.raw, maxBodyBytes), 'the query');
  const lists = await Promise.all(searchedKeys(query).map((key) => log.leavesOf(key, maxFound)));
  const leaves = query['operator'] === 'and' ? inAll(lists) : [...new Set(lists.flat())];
  return leaves.map((leaf) => entryUuid(log.identity, leaf));
}

function inAll([first = [], ...others]: readonly (readonly string[])[]): readonly string[] {
  return first.filter((leaf) => others.every((list) => list.includes(leaf)));
}

async function entryNamed(log: TransparencyLog, uuid: string): Promise<LoggedEntry | undefined> {
  const leaf = leafOfUuid(log.identity, uuid);
  return leaf === undefined ? undefined : log.entryOf(leaf);
}

function found(log: TransparencyLog, entry: LoggedEntry | undefined): object {
  if (entry) return logEntryJson(log.identity, entry);
  throw new ExportError('NOT_FOUND', 'the log has no such entry');
}

function isOurTree(c: Context, { identity }: TransparencyLog): boolean {
  const asked = c.req.query('treeID') ?? '';
  return asked === '' || asked === identity.treeId;
}

function wholeNumber(text: string | undefined, name: string): number {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  throw new ExportError('INPUT_INVALID', `${name} is a whole number`);
}

async function answer(c: Context, work: () => Promise<object>): Promise<Response> {
  try {
    return c.json(await work(), 200, { 'cache-control': 'no-store' });
  } catch (thrown) {
    const error = toExportError(thrown);
    const code = httpStatusOf(error);
    if (code >= 500) throw error;
    return Response.json({ code, message: error.message }, { status: code });
  }
}
