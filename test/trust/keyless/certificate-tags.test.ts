// Layers of cosign's tags that claim to be an identity's signatures: whatever is in them, they are refused with a reason.

import assert from 'node:assert/strict';
import { describe as suite, it } from 'node:test';
import { describe, type Annotations } from '../../../src/oci/descriptor.ts';
import { mediaTypes } from '../../../src/oci/media-types.ts';
import { signatureAnnotation } from '../../../src/trust/cosign-tags.ts';
import { bundleOfLayer, certificateAnnotation } from '../../../src/trust/keyless/certificate-tags.ts';
import { bundleAnnotation } from '../../../src/trust/log/logged-entry.ts';
import { timestampAnnotation } from '../../../src/trust/timestamp/check-timestamp.ts';
import { makeCertificates } from '../../registry/client/certificates.ts';

const document = Buffer.from('{"critical":{}}');

suite('a layer below a tag', () => {
  it('is the bundle that it would be, without a log when it names none', async (t) => {
    const certificates = await makeCertificates(t);
    if (certificates === undefined) return;
    const annotations = { [certificateAnnotation]: certificates.cert, [signatureAnnotation]: 'AAAA' };
    const bundle = JSON.parse(
      bundleOfLayer(describe(mediaTypes.simpleSigning, document, annotations), document).toString(),
    ) as { messageSignature: { signature: string }; verificationMaterial: { tlogEntries: unknown[] } };
    assert.equal(bundle.messageSignature.signature, 'AAAA');
    assert.deepEqual(bundle.verificationMaterial.tlogEntries, []);
    const bad: [string, Annotations][] = [
      ['no log', { ...annotations, [bundleAnnotation]: 'log' }],
      ['an empty log', { ...annotations, [bundleAnnotation]: '{}' }],
      ['a body that is no entry', { ...annotations, [bundleAnnotation]: promise('[]') }],
      ['a body that is no JSON', { ...annotations, [bundleAnnotation]: promise('x') }],
      ['no timestamp', { ...annotations, [timestampAnnotation]: '{}' }],
      ['no signature', { [certificateAnnotation]: certificates.cert }],
      ['no certificate', { [signatureAnnotation]: 'AAAA' }],
      ['another certificate', { ...annotations, [certificateAnnotation]: '-----BEGIN CERTIFICATE-----' }],
    ];
    for (const [name, changed] of bad) {
      const layer = describe(mediaTypes.simpleSigning, document, changed);
      assert.throws(() => bundleOfLayer(layer, document), { code: 'VERIFICATION_FAILED' }, name);
    }
    for (const [type, bytes] of [
      ['application/json', document],
      [mediaTypes.dsseEnvelope, Buffer.from('x')],
    ] as const) {
      assert.throws(
        () => bundleOfLayer(describe(type, bytes, annotations), bytes),
        { code: 'VERIFICATION_FAILED' },
        type,
      );
    }
  });
});

function promise(body: string): string {
  const Payload = { body: Buffer.from(body).toString('base64'), integratedTime: 1, logIndex: 0, logID: '00' };
  return JSON.stringify({ SignedEntryTimestamp: 'AAAA', Payload });
}
