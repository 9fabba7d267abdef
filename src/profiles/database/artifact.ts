// The OCI artifact of a database, as upstream's: one layer, an empty config that the manifest carries itself, no more.
// `created` is the state's.

import type { Descriptor } from '../../oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest, type StoredManifest } from '../../oci/manifest.ts';
import { annotationNames, artifactTypes } from '../../oci/media-types.ts';
import type { DatabaseProduct } from './product.ts';
import type { PackedLayer } from './pack-layer.ts';

export function layerDescriptor({ layerType, layerTitle }: DatabaseProduct, { digest, size }: PackedLayer): Descriptor {
  return { mediaType: layerType, digest, size, annotations: { [annotationNames.title]: layerTitle } };
}

export function databaseManifest(product: DatabaseProduct, layer: PackedLayer, created: string): StoredManifest {
  return imageManifest({
    artifactType: artifactTypes.trivyDatabase,
    config: { ...emptyDescriptor, data: emptyJson.toString('base64') },
    layers: [layerDescriptor(product, layer)],
    annotations: { [annotationNames.created]: created },
  });
}
