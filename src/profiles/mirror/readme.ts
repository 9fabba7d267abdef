// The README layer of a mirror's head: a constant of the format version. No registry, key, state, count or product
// version may enter it (formats.md §5), because it is part of every bundle's bytes.

export const mirrorReadme = `# Security evidence mirror, format 1

This folder holds one state of a mirror of security evidence, in files that common tools read.

- \`<format>/<source>/…/*.jsonl.zst\`: the base shards. Each line is one record:
  {"c": collection, "k": key, "v": value}
- \`journals/NNNN-*.jsonl.zst\`: the changes since the base, one journal for each later state, in the order of their
  numbers. Each line is {"c", "k", "op": "put", "v"} or {"c", "k", "op": "del"}. A journal in parts ends in -01, -02, …
- \`manifest.json\`: the export manifest (profile, scope, set root, journals, sources with licences).

## Read the whole state

The journals must be applied in order over the shards; the last line of a key counts:

    find . -name '*.jsonl.zst' -not -path './journals/*' | LC_ALL=C sort | xargs zstd -dcq > lines.jsonl
    find . -path './journals/*.jsonl.zst' | LC_ALL=C sort | xargs -r zstd -dcq >> lines.jsonl
    jq -cn 'reduce inputs as $r ({}; .[$r.c + " " + $r.k] = $r) | .[] | select(.op != "del") | {c, k, v}' lines.jsonl

## Verify

The index of this bundle carries the publisher's signature and provenance as referrers. Copy with referrers
(\`oras cp -r\`), verify with the publisher's public key (\`cosign verify --key\`), and use the digest that was verified.
A plain \`oras pull\` that was interrupted leaves files cut short: repeat it, or copy into an OCI layout instead.
`;
