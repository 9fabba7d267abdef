// The API's documents as schemas: what comes in is parsed strictly by them, what goes out is described by them. The
// types they stand for are those of evidence/types.ts and runs/center.ts.

import { z } from '@hono/zod-openapi';

const count = z.int().min(0);
const text = z.string();

export const problemSchema = z
  .object({
    type: text,
    title: text,
    status: z.int(),
    detail: text,
    code: text,
    hint: text.optional(),
    retryable: z.boolean().optional(),
  })
  .openapi('Problem');

export const ingestSchema = z
  .strictObject({
    source: text.min(1),
    from: text.min(1).openapi({ description: 'absolute path on the server, http(s) URL or oci: reference' }),
    format: text.optional(),
    sync: z.boolean().optional(),
    allowShrink: z.boolean().optional(),
    licence: text.optional(),
    attribution: text.optional(),
  })
  .openapi('Ingest');

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** The same as query parameters of an upload; `name` stands for the file's name. */
export const uploadQuery = z.strictObject({
  source: text.min(1),
  name: text.min(1).max(255),
  format: text.optional(),
  sync: flag.optional(),
  allowShrink: flag.optional(),
  licence: text.optional(),
  attribution: text.optional(),
});

const refusal = z.object({ path: text, code: text, message: text });

export const ingestResultSchema = z
  .object({
    source: text,
    sequence: count,
    added: count,
    changed: count,
    removed: count,
    unchanged: count,
    rejected: z.array(refusal),
    warnings: z.array(z.object({ path: text, message: text })),
    database: z.object({ layerDigest: text, setRoot: text, records: count, shards: text }).optional(),
    unlisted: count.optional(),
  })
  .openapi('IngestResult');

export const sourcesSchema = z.object({
  sources: z.array(
    z
      .object({
        source: text,
        documents: count,
        stateSha256: text,
        subSources: z.array(z.object({ source: text, documents: count })),
        sequence: count,
        updatedAt: text,
        newestModified: text,
        rejected: count,
        databases: z.array(z.object({ format: text, records: count, layerDigest: text })).optional(),
        licence: text.optional(),
        attribution: text.optional(),
      })
      .openapi('Source'),
  ),
});

export const documentSchema = z
  .object({ source: text, path: text, id: text, digest: text, modified: text, text })
  .openapi('EvidenceDocument');

export const rejectionsSchema = z.object({
  rejected: z.array(refusal.extend({ source: text, at: text }).openapi('Rejection')),
});

const scopeSchema = z.strictObject({
  sources: z.array(text).optional(),
  ecosystems: z.array(text).optional(),
  ids: z.array(text).optional(),
  advised: z.literal(true).optional(),
  window: z.strictObject({ from: text.optional(), to: text.optional(), last: text.optional() }).optional(),
});

export const profileSchema = z
  .strictObject({
    name: text,
    kind: text,
    scope: scopeSchema,
    maxShrink: z.number().min(0).max(1).optional(),
    maxAge: text.optional(),
    validFor: text.optional(),
    suppress: z.array(z.enum(['not_affected', 'fixed'])).optional(),
    encoding: z.literal('plain').optional(),
  })
  .openapi('Profile');

export const revisionSchema = z
  .object({ ...profileSchema.shape, revision: text, repository: text, createdAt: text })
  .openapi('ProfileRevision');

export const revisionsSchema = z.object({ profiles: z.array(revisionSchema) });

export const runRequestSchema = z
  .strictObject({
    profile: text.min(1),
    to: text.optional(),
    base: text.optional(),
    acceptShrink: z.boolean().optional(),
    compare: text.min(1).optional().openapi({ description: 'of a database: another one, as `from` of an ingest' }),
    idempotencyKey: text.min(1).max(255).optional(),
  })
  .openapi('RunRequest');

const parityCounts = {
  same: count,
  onlyOurs: count,
  onlyTheirs: count,
  severity: count,
  status: count,
  fix: count,
  other: count,
};

const comparisonSchema = z.object({
  theirs: text,
  report: text,
  total: z.object(parityCounts),
  buckets: z.array(z.object({ bucket: text, ...parityCounts })),
});

const runState = z.enum([
  'queued',
  'planning',
  'building',
  'attesting',
  'publishing',
  'verifying',
  'succeeded',
  'failed',
  'cancelled',
]);

export const runSchema = z
  .object({
    run: text,
    profile: text,
    state: runState,
    createdAt: text,
    updatedAt: text,
    attempt: count,
    request: runRequestSchema,
    result: z
      .object({
        run: text,
        profile: text,
        state: z.literal('succeeded'),
        reference: text,
        digest: text,
        setRoot: text,
        records: count,
        bytes: count,
        bytesNew: count,
        layers: count,
        layersNew: count,
        comparison: comparisonSchema.optional(),
      })
      .optional(),
    failure: z.object({ code: text, message: text, hint: text.optional() }).optional(),
  })
  .openapi('Run');

export const runsSchema = z.object({ runs: z.array(runSchema) });

export const runEventSchema = z
  .object({
    sequence: count,
    at: text,
    state: runState,
    message: text,
    done: z.number().optional(),
    total: z.number().optional(),
  })
  .openapi('RunEvent');

export const keySchema = z
  .object({ id: text, algorithm: text, active: z.boolean(), coSignsUntil: text.optional(), publicKey: text })
  .openapi('Key');

export const keysSchema = z.object({ keys: z.array(keySchema) });

export const trustFilesSchema = z
  .object({
    files: z.object({
      'trusted_root.json': text,
      'signing_config.v0.2.json': text,
      'rekor.pub': text.optional(),
    }),
  })
  .openapi('TrustFiles', { description: 'The files that consumers configure cosign with, by their names' });

export const fileBundleSchema = z
  .object({ bundle: z.record(z.string(), z.unknown()) })
  .openapi('FileBundle', { description: 'A Sigstore bundle of version 0.3 with a message signature' });

const overlap = { overlap: text.optional() };

export const keyRotationSchema = z.strictObject(overlap).openapi('KeyRotation', {
  description: 'How long the key that signed so far goes on: a duration such as P30D, none',
});

export const activateKeySchema = z
  .strictObject({ ...overlap, coSign: z.boolean().optional() })
  .openapi('ActivateKey', { description: 'Sign with the key, or let it sign beside the active one' });

export const importKeySchema = z
  .strictObject({ key: text.min(1), password: text.optional(), ...overlap })
  .openapi('ImportKey', { description: 'PKCS#8 PEM or cosign private key text' });

export const garbageSchema = z.strictObject({ dryRun: z.boolean().default(false) }).openapi('GarbageRequest');

export const garbageResultSchema = z.object({ blobs: count, bytes: count }).openapi('GarbageResult');

export const scrubSchema = z.strictObject({ bytesPerSecond: z.int().min(1).optional() }).openapi('ScrubRequest');

export const scrubReportSchema = z
  .object({
    blobs: count,
    bytes: count,
    findings: z.array(
      z.object({ digest: text, kind: z.enum(['quarantined', 'missing']), reason: text, repositories: z.array(text) }),
    ),
  })
  .openapi('ScrubReport');

const grantSchema = z.object({ role: text, tenant: text, repositories: z.array(text).optional() });

export const greetingSchema = z
  .object({
    name: z.literal('export-center'),
    version: text,
    principal: z.object({ name: text, grants: z.array(grantSchema) }),
  })
  .openapi('Greeting');
