// The README layer of a json:raw bundle: a constant of the format version, like the mirror's.

export const rawReadme = `# Security evidence, original documents, format 1

This folder holds the original texts of security documents, byte for byte, in files that common tools read.

- \`<format>/<source>/…/*.jsonl.zst\`: each line is one document: {"c": collection, "k": path, "raw": text}
- \`manifest.json\`: the export manifest (profile, scope, set root, sources with licences).

## Read

    find . -name '*.jsonl.zst' | LC_ALL=C sort | xargs zstd -dcq > documents.jsonl
    jq -rj 'select(.k == "PATH") | .raw' documents.jsonl

## Verify

The index of this bundle carries the publisher's signature and provenance as referrers. Copy with referrers
(\`oras cp -r\`), verify with the publisher's public key (\`cosign verify --key\`), and use the digest that was verified.
A plain \`oras pull\` that was interrupted leaves files cut short: repeat it, or copy into an OCI layout instead.
`;
