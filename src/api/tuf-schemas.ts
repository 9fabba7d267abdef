// Documents about TUF repositories. The types they stand for are those of runs/tuf/tuf-center.ts.

import { z } from '@hono/zod-openapi';

const text = z.string();
const number = z.int();
/** Drafts of root with a dozen RSA keys stay far below. */
const draftText = text.max(512_000).openapi({ description: 'TUF metadata with the signatures that it has so far' });

export const repositoryQuery = z.strictObject({
  repository: text.max(130).openapi({ description: "trust, a tenant's name, or TENANT/kit" }),
});

export const tufSummarySchema = z
  .object({
    repository: text,
    publication: number,
    rootFile: text,
    rootSha256: text,
    roles: z.array(
      z.object({
        role: text,
        version: number,
        expires: text,
        threshold: number,
        keys: z.array(z.object({ id: text, here: z.boolean() })),
        targets: number.optional(),
        renews: z.boolean(),
      }),
    ),
  })
  .openapi('TufRepository');

export const newDraftSchema = z
  .strictObject({ role: z.enum(['root', 'targets']), newOnlineKeys: z.boolean() })
  .openapi('NewTufDraft');

export const draftSchema = z.object({ draft: draftText }).openapi('TufDraft');

export const publishSchema = z.strictObject({ draft: draftText.optional() }).openapi('TufPublication');

export const kitSchema = z
  .object({ publication: number, expires: text, files: z.array(z.object({ name: text, text })) })
  .openapi('TufKit');
