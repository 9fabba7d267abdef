// A Center without a database: answers are made up, but every method has one, errors included. What it was asked is
// kept, so that tests can see what arrived behind the API.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '../../src/core/digest.ts';
import { ExportError } from '../../src/core/errors.ts';
import type { IngestOptions } from '../../src/evidence/types.ts';
import type { Center, ProfileRevision, RunEvent, RunRecord } from '../../src/runs/center.ts';
import { fakeAccess } from './fake-access.ts';
import { fakeTuf } from './fake-tuf.ts';

export type FakeCenter = Center & {
  readonly asked: unknown[][];
  /** Text of the inputs that ingest was given, by file name. */
  readonly inputs: Map<string, Buffer>;
  /** Adds an event to the run `r1` and wakes who follows it. */
  emit(event: RunEvent): void;
};

const profile: ProfileRevision = {
  name: 'mirror:full',
  kind: 'mirror:full',
  scope: {},
  revision: `sha256:${'1'.repeat(64)}`,
  repository: 'mirror',
  createdAt: '2026-01-01T00:00:00Z',
};

const run: RunRecord = {
  run: 'r1',
  profile: 'mirror:full',
  state: 'building',
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:01Z',
  attempt: 1,
  request: { profile: 'mirror:full' },
};

const succeeded: RunRecord = {
  ...run,
  run: 'r2',
  state: 'succeeded',
  result: {
    run: 'r2',
    profile: 'mirror:full',
    state: 'succeeded',
    reference: 'localhost:1/default/mirror@sha256:x',
    digest: 'sha256:x',
    setRoot: 'sha256:y',
    records: 3,
    bytes: 2_000_000,
    bytesNew: 1,
    layers: 2,
    layersNew: 1,
  },
};

const failed: RunRecord = {
  ...run,
  run: 'r3',
  state: 'failed',
  failure: { code: 'ERR_EXPORT_SHRUNK', message: 'osv/osv lost 30 % of its records', hint: 'use --accept-shrink' },
};

const key = { id: 'k1', algorithm: 'ecdsa-p256', active: true, publicKey: '-----BEGIN PUBLIC KEY-----\nx\n' };

/** What was asked for beyond the usual. */
function given(options: object = {}): object[] {
  return Object.keys(options).length === 0 ? [] : [options];
}

export function fakeCenter(): FakeCenter {
  const asked: unknown[][] = [];
  const inputs = new Map<string, Buffer>();
  const events: RunEvent[] = [];
  let wake = Promise.withResolvers<void>();
  const note = (...call: unknown[]): void => void asked.push(call);
  const find = (id: string): RunRecord => {
    const found = [run, succeeded, failed].find((record) => record.run === id);
    if (found) return found;
    throw new ExportError('NOT_FOUND', `there is no run ${id}`, { hint: 'see export-center runs list' });
  };
  return {
    asked,
    inputs,
    emit(event) {
      events.push(event);
      wake.resolve();
      wake = Promise.withResolvers();
    },
    ingest: (tenant, options, onProgress) => ingest({ tenant, options, onProgress, inputs, note }),
    async evidenceSources(tenant) {
      note('evidenceSources', tenant);
      const counts = { documents: 2, subSources: [{ source: 'go', documents: 2 }], sequence: 7, rejected: 1 };
      const times = { updatedAt: '2026-01-01T00:00:00Z', newestModified: '2025-12-31T00:00:00Z' };
      return [{ source: 'osv', stateSha256: 'a'.repeat(64), ...counts, ...times }];
    },
    async evidenceDocument(tenant, source, path) {
      note('evidenceDocument', tenant, source, path);
      if (path === 'none') throw new ExportError('NOT_FOUND', `there is no document ${path} in ${source}`);
      return { source, path, id: 'GO-1', digest: 'b'.repeat(64), modified: '2025-01-01T00:00:00Z', text: '{"ä":1}\n' };
    },
    async evidenceRejections(tenant, source) {
      note('evidenceRejections', tenant, source);
      return [{ source: 'osv', path: 'x.json', code: 'not-json', message: 'no JSON', at: '2026-01-01T00:00:00Z' }];
    },
    profiles: async (tenant) => (note('profiles', tenant), [profile]),
    profile: async (tenant, name) => (note('profile', tenant, name), [profile]),
    async putProfile(tenant, document) {
      note('putProfile', tenant, document);
      if (typeof document === 'object' && document !== null && 'name' in document) return profile;
      throw new ExportError('INPUT_INVALID', 'the profile has no name', { hint: 'add "name"' });
    },
    async startRun(tenant, request) {
      note('startRun', tenant, request);
      if (request.profile === 'fails') return failed;
      if (request.profile === 'done') return succeeded;
      return { ...run, request };
    },
    run: async (tenant, id) => (note('run', tenant, id), find(id)),
    runs: async (tenant, limit) => (note('runs', tenant, limit), [run, succeeded, failed]),
    async *runEvents(tenant, id, after = 0, signal) {
      note('runEvents', tenant, id, after);
      find(id);
      const aborted = Promise.withResolvers<void>();
      signal?.addEventListener('abort', () => aborted.resolve());
      for (let last = after; ;) {
        for (const event of events.filter(({ sequence }) => sequence > last)) {
          last = event.sequence;
          yield event;
          if (['succeeded', 'failed', 'cancelled'].includes(event.state)) return;
        }
        if (signal?.aborted === true || find(id).state !== 'building') return;
        await Promise.race([wake.promise, aborted.promise]);
      }
    },
    cancelRun: async (tenant, id) => (note('cancelRun', tenant, id), { ...find(id), state: 'cancelled' }),
    access: fakeAccess(note),
    tuf: fakeTuf(note),
    keys: async () => [key],
    trustFiles: async () => ({
      'trusted_root.json': '{}\n',
      'signing_config.v0.2.json': '{}\n',
      'rekor.pub': '-----BEGIN PUBLIC KEY-----\nlog\n',
    }),
    generateKey: async (rotation) => (note('generateKey', ...given(rotation)), key),
    activateKey: async (id, rotation) => (note('activateKey', id, ...given(rotation)), { ...key, id }),
    retireKey: async (id) => (note('retireKey', id), { ...key, id, active: false }),
    async importKey(text, password, rotation) {
      note('importKey', text, password, ...given(rotation));
      if (password === 'wrong') throw new ExportError('UNAUTHORIZED', 'the password does not open the key');
      return key;
    },
    signFile: async (content) => (note('signFile', content.toString()), Buffer.from('{"mediaType":"bundle"}')),
    collectGarbage: async (options) => (note('collectGarbage', options), { blobs: 3, bytes: 4_096 }),
    async scrub({ signal: _, ...options }, onProgress) {
      note('scrub', options);
      onProgress?.({ blobs: 1, bytes: 500, totalBytes: 1_000, found: 0 });
      if (options.bytesPerSecond === 1_048_576) return { blobs: 2, bytes: 1_000, findings: [] };
      const [damaged, lost] = [digestOf('damaged'), digestOf('lost')];
      return {
        blobs: 2,
        bytes: 1_000,
        findings: [
          { digest: damaged, kind: 'quarantined', reason: 'other bytes', repositories: ['default/mirror'] },
          { digest: lost, kind: 'missing', reason: 'not stored', repositories: ['default/a', 'default/b'] },
        ],
      };
    },
    close: () => Promise.resolve(),
  };
}

type FakeIngest = {
  readonly tenant: string;
  readonly options: IngestOptions;
  readonly onProgress: Parameters<Center['ingest']>[2];
  readonly inputs: Map<string, Buffer>;
  readonly note: (...call: unknown[]) => void;
};

async function ingest({ tenant, options, onProgress, inputs, note }: FakeIngest): ReturnType<Center['ingest']> {
  const name = basename(options.from);
  note('ingest', tenant, { ...options, from: name });
  if (options.source === 'bad') throw new ExportError('INPUT_INVALID', 'the source name is not valid', { hint: 'a-z' });
  const bytes = await readFile(options.from).catch(() => Buffer.alloc(0));
  inputs.set(name, name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  onProgress?.({ documents: 1, bytes: 10, totalBytes: 20 });
  const counts = { sequence: 8, added: 1, changed: 0, removed: 0, unchanged: 2 };
  const rejected = [{ path: 'x.json', code: 'not-json' as const, message: 'no JSON' }];
  return { source: options.source, ...counts, rejected, warnings: [] };
}
