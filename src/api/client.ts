// A Center that is somewhere else: the same questions over HTTP, the same answers and the same errors.

import { Readable } from 'node:stream';
import { canonicalBytes, type Json } from '../core/canonical-json.ts';
import type { EvidenceDocument, ProfileRevision, RejectionRecord } from '../runs/center.ts';
import type { Center, KeySummary, RunRecord } from '../runs/center.ts';
import type { SourceSummary } from '../evidence/types.ts';
import type { ScrubProgress, ScrubReport } from '../registry/storage/scrub.ts';
import type { TrustFiles } from '../trust/trust-files.ts';
import { eventStreamMediaType } from './event-stream-media-type.ts';
import { readAnswerWithProgress } from './progress-answer.ts';
import { followRun } from './remote-events.ts';
import { remoteAccess } from './remote-access.ts';
import { remoteTuf } from './remote-tuf.ts';
import { remoteIngest } from './remote-ingest.ts';
import { openRemote, type Greeting, type Remote, type RemoteOptions } from './remote.ts';

export type ConnectOptions = RemoteOptions & {
  /** The service runs on this machine and sees the same files: paths are named to it instead of sent. */
  readonly samePlace?: boolean;
};

/** Nothing is sent before the first question. Throws USAGE when `server` is no URL. */
export function connectCenter(options: ConnectOptions): Center {
  const remote = openRemote(options);
  return {
    ingest: (tenant, ingest, onProgress) =>
      remoteIngest(remote, { tenant, options: ingest, samePlace: options.samePlace ?? false, onProgress }),
    ...evidenceAndProfiles(remote),
    ...runs(remote),
    ...keysAndCare(remote),
    access: remoteAccess(remote),
    tuf: remoteTuf(remote),
    close: () => remote.http.close(),
  };
}

/** Asks the service who it is: UNREACHABLE when nobody answers, UNAUTHORIZED when the token is wrong. */
export async function greet(options: RemoteOptions): Promise<Greeting> {
  const remote = openRemote(options);
  try {
    return await remote.get<Greeting>({ path: [] });
  } finally {
    await remote.http.close();
  }
}

type EvidenceAndProfiles = Pick<
  Center,
  'evidenceSources' | 'evidenceDocument' | 'evidenceRejections' | 'profiles' | 'profile' | 'putProfile'
>;

function evidenceAndProfiles(remote: Remote): EvidenceAndProfiles {
  return {
    async evidenceSources(tenant) {
      const answer = await remote.get<{ sources: SourceSummary[] }>({ path: ['evidence'], query: { tenant } });
      return answer.sources;
    },
    evidenceDocument: (tenant, source, path) =>
      remote.get<EvidenceDocument>({ path: ['evidence', 'document'], query: { tenant, source, path } }),
    async evidenceRejections(tenant, source) {
      const request = { path: ['evidence', 'rejected'], query: { tenant, source } };
      return (await remote.get<{ rejected: RejectionRecord[] }>(request)).rejected;
    },
    async profiles(tenant) {
      return (await remote.get<{ profiles: ProfileRevision[] }>({ path: ['profiles'], query: { tenant } })).profiles;
    },
    async profile(tenant, name) {
      const request = { path: ['profiles', name], query: { tenant } };
      return (await remote.get<{ profiles: ProfileRevision[] }>(request)).profiles;
    },
    putProfile: (tenant, document) =>
      remote.post<ProfileRevision>({ path: ['profiles'], query: { tenant }, json: document, repeatable: true }),
  };
}

function runs(remote: Remote): Pick<Center, 'startRun' | 'run' | 'runs' | 'runEvents' | 'cancelRun'> {
  return {
    startRun: (tenant, request) =>
      remote.post<RunRecord>({
        path: ['runs'],
        query: { tenant },
        // The key goes in the body, where every character is allowed; with one, a second try finds the first one's run.
        json: request,
        repeatable: request.idempotencyKey !== undefined,
      }),
    run: (tenant, id) => remote.get<RunRecord>({ path: ['runs', id], query: { tenant } }),
    async runs(tenant, limit) {
      const query = { tenant, limit: limit === undefined ? undefined : String(limit) };
      return (await remote.get<{ runs: RunRecord[] }>({ path: ['runs'], query })).runs;
    },
    runEvents: (tenant, id, after = 0, signal) => followRun(remote, { tenant, id, after, signal }),
    cancelRun: (tenant, id) =>
      remote.post<RunRecord>({ path: ['runs', id, 'cancel'], query: { tenant }, repeatable: true }),
  };
}

type KeysAndCare =
  | 'keys'
  | 'trustFiles'
  | 'generateKey'
  | 'importKey'
  | 'activateKey'
  | 'retireKey'
  | 'signFile'
  | 'collectGarbage'
  | 'scrub';

function keysAndCare(remote: Remote): Pick<Center, KeysAndCare> {
  return {
    async keys() {
      return (await remote.get<{ keys: KeySummary[] }>({ path: ['keys'] })).keys;
    },
    trustFiles: async () => (await remote.get<{ files: TrustFiles }>({ path: ['trust'] })).files,
    generateKey: (rotation = {}) => remote.post<KeySummary>({ path: ['keys', 'generate'], query: rotation }),
    importKey: (key, password, rotation = {}) =>
      remote.post<KeySummary>({
        path: ['keys', 'import'],
        json: { ...(password === undefined ? { key } : { key, password }), ...rotation },
        repeatable: true,
      }),
    activateKey: (id, rotation = {}) =>
      remote.post<KeySummary>({ path: ['keys', id, 'activate'], json: rotation, repeatable: true }),
    retireKey: (id) => remote.post<KeySummary>({ path: ['keys', id, 'retire'], repeatable: true }),
    async signFile(content) {
      const answer = await remote.post<{ bundle: Json }>({
        path: ['sign'],
        bytes: () => Readable.from([content]),
        repeatable: true,
      });
      return canonicalBytes(answer.bundle);
    },
    collectGarbage: (options) => remote.post({ path: ['gc'], json: options }),
    async scrub({ signal, ...json }, onProgress) {
      const headers = { accept: eventStreamMediaType };
      const response = await remote.open('POST', { path: ['scrub'], json, headers, signal, repeatable: true });
      const hint = 'the scrub ended with it: start it again';
      return readAnswerWithProgress<ScrubProgress, ScrubReport>(response, { host: remote.host, onProgress, hint });
    },
  };
}
