// Timestamps of an authority, which is openssl: what one vouches for, and everything that does not count as one.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { Post } from '../../../src/trust/http-signer.ts';
import type { SignedContent, Testimony } from '../../../src/trust/signing-policy.ts';
import {
  checkTimestamp,
  trustedAuthorities,
  type TimestampAuthorities,
} from '../../../src/trust/timestamp/check-timestamp.ts';
import { timestampSettings } from '../../../src/trust/timestamp/timestamp-settings.ts';
import { timestampWitness } from '../../../src/trust/timestamp/timestamp-witness.ts';
import { suiteScope } from '../../registry/suite-scope.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { startTimestampAuthority, type TimestampAuthority } from '../../support/timestamp-authority.ts';

const refused = { code: 'VERIFICATION_FAILED' };
const post: Post = async ({ url, headers, body }) => {
  const answer = await fetch(url, { method: 'POST', headers, body: Uint8Array.from(body) });
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
};

describe('a timestamp', () => {
  const scope = suiteScope();
  let authority: TimestampAuthority;
  let trusted: TimestampAuthorities;
  let strangers: TimestampAuthorities;
  let url: URL;
  let content: SignedContent;
  let testimony: Testimony;
  const begun = Math.floor(Date.now() / 1_000) * 1_000;

  before(async () => {
    const stranger = await startTimestampAuthority(scope);
    authority = await startTimestampAuthority(scope);
    url = new URL(authority.url);
    [trusted, strangers] = await Promise.all([trustIn(authority), trustIn(stranger)]);
    content = signed();
    testimony = await timestampWitness({ url, post, trusted }).testify(content);
  });

  it('is good in both forms, for the second in which it was asked for', () => {
    for (const carried of [{ material: testimony.material }, { annotations: testimony.annotations }]) {
      const at = checkTimestamp(content, carried, trusted).getTime();
      assert.ok(at >= begun && at <= Date.now(), `${at}`);
    }
  });

  it('of another signature, of a stranger, or of nobody is refused', () => {
    assert.throws(() => checkTimestamp(signed(), testimony, trusted), refused);
    assert.throws(() => checkTimestamp(content, testimony, strangers), refused);
    assert.throws(() => checkTimestamp(content, testimony, []), refused);
    for (const carried of [{}, { material: {} }, { annotations: {} }]) {
      assert.throws(() => checkTimestamp(content, carried, trusted), /carries no timestamp/);
    }
  });

  it('with any byte changed is refused, or says the same as before', () => {
    const token = tokenOf(testimony);
    const instant = checkTimestamp(content, testimony, trusted).getTime();
    let refusals = 0;
    for (let at = 0; at < token.length; at++) {
      const changed = Buffer.from(token);
      changed.writeUInt8(changed.readUInt8(at) ^ 0x01, at);
      try {
        assert.equal(checkTimestamp(content, carrying(changed), trusted).getTime(), instant);
      } catch (thrown) {
        if (thrown instanceof assert.AssertionError) throw thrown;
        assert.equal((thrown as { code?: string }).code, refused.code);
        refusals++;
      }
    }
    assert.ok(refusals > token.length / 2, `${refusals} of ${token.length}`);
  });

  it('cut off, empty, or as something else than a list is refused', () => {
    const token = tokenOf(testimony);
    for (const bad of [token.subarray(0, 40), Buffer.alloc(0), Buffer.from('granted')]) {
      assert.throws(() => checkTimestamp(content, carrying(bad), trusted), refused);
    }
    for (const timestampVerificationData of [7, { rfc3161Timestamps: {} }, { rfc3161Timestamps: [{}] }]) {
      assert.throws(() => checkTimestamp(content, { material: { timestampVerificationData } }, trusted), refused);
    }
  });

  it('counts beside others that do not, and the earliest one counts', () => {
    const list = [Buffer.from('x'), tokenOf(testimony)].map((token) => ({ signedTimestamp: token.toString('base64') }));
    const material = { timestampVerificationData: { rfc3161Timestamps: list } };
    assert.deepEqual(checkTimestamp(content, { material }, trusted), checkTimestamp(content, testimony, trusted));
  });

  it('is recognised where it is there already', () => {
    const witness = timestampWitness({ url, post, trusted });
    assert.equal(witness.recognises(content, testimony), true);
    assert.equal(witness.recognises(signed(), testimony), false);
    assert.equal(witness.recognises(content, {}), false);
  });

  it('is not signed without: an authority that fails, or whose chain is another one, is an error', async () => {
    const ask = (answer: Post, by = trusted) => timestampWitness({ url, post: answer, trusted: by }).testify(content);
    const status = (code: number) => ask(() => Promise.resolve({ status: code, body: Buffer.alloc(0) }));
    await assert.rejects(ask(post, strangers), { ...refused, hint: /EXPORT_CENTER_TIMESTAMP_CHAIN/ });
    await assert.rejects(status(503), { code: 'UNREACHABLE', retryable: true });
    await assert.rejects(status(400), { code: 'UNREACHABLE', retryable: false });
    await assert.rejects(status(200), refused);
    // A response that says "rejection" (RFC 3161 §2.4.2).
    const rejection = Buffer.from('3005300302010230', 'hex').subarray(0, 7);
    await assert.rejects(
      ask(() => Promise.resolve({ status: 200, body: rejection })),
      refused,
    );
  });

  it('needs settings that consumers can verify with', async (t) => {
    const folder = await temporaryFolder(t, 'settings');
    const of = (address: string, chain: string) =>
      timestampSettings({ EXPORT_CENTER_TIMESTAMP_AUTHORITY: address, EXPORT_CENTER_TIMESTAMP_CHAIN: chain });
    assert.equal(await of('', authority.chain), undefined);
    assert.equal((await of(authority.url, authority.chain))?.url.href, authority.url);
    for (const address of ['authority', 'ftp://authority.test', 'https://user@authority.test']) {
      await assert.rejects(of(address, authority.chain), { code: 'USAGE' });
    }
    await assert.rejects(of(authority.url, join(folder, 'absent.pem')), { code: 'USAGE' });
    const certificates = (await readFile(authority.chain, 'utf8')).split(/(?=-----BEGIN)/);
    for (const [name, chain] of [
      ['root-first', certificates.toReversed().join('')],
      ['root-alone', certificates.at(-1) ?? ''],
      ['empty', ''],
    ] as const) {
      const file = join(folder, `${name}.pem`);
      await writeFile(file, chain);
      await assert.rejects(of(authority.url, file), { code: 'INPUT_INVALID' }, name);
    }
  });
});

async function trustIn({ url, chain }: TimestampAuthority): Promise<TimestampAuthorities> {
  const settings = await timestampSettings({
    EXPORT_CENTER_TIMESTAMP_AUTHORITY: url,
    EXPORT_CENTER_TIMESTAMP_CHAIN: chain,
  });
  const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
  return trustedAuthorities(Buffer.from(JSON.stringify({ mediaType, timestampAuthorities: [settings?.authority] })));
}

/** The signature itself is checked by others. */
function signed(): SignedContent {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { kind: 'raw', payload: Buffer.from('{}'), signature: randomBytes(70), publicKeyPem };
}

function carrying(token: Buffer): Partial<Testimony> {
  return {
    material: { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: token.toString('base64') }] } },
  };
}

function tokenOf({ annotations }: Testimony): Buffer {
  const [text = '{}'] = Object.values(annotations);
  return Buffer.from((JSON.parse(text) as { SignedRFC3161Timestamp: string }).SignedRFC3161Timestamp, 'base64');
}
