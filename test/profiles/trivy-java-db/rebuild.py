# The file that docs/formats.md describes, built anew with the sqlite3 of Python, whatever version that has.
# Input: lines of JSON [group, artifact, version, classifier, sha1], sorted. Output: SQLite's version.
import json
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1], isolation_level=None)
for setting in ("page_size = 4096", "encoding = 'UTF-8'", "auto_vacuum = none", "secure_delete = on"):
    database.execute(f"pragma {setting}")
database.execute("CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)")
database.execute(
    "CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT, foreign key (artifact_id) references artifacts(id))"
)
database.execute("begin")
last, number = None, 0
claims = {}
for row, line in enumerate(sys.stdin, 1):
    group, artifact, version, classifier, sha1 = json.loads(line)
    claims.setdefault(sha1, []).append((classifier != "", row))
    if (group, artifact) != last:
        last = (group, artifact)
        number += 1
        database.execute("INSERT INTO artifacts VALUES (?, ?, ?)", (number, group, artifact))
    database.execute("INSERT INTO indices VALUES (?, ?, ?, 'jar')", (number, version, bytes.fromhex(sha1)))
database.execute("commit")
losers = [row for rows in claims.values() for _, row in sorted(rows)[1:]]
if losers:
    database.execute("CREATE INDEX by_sha1 ON indices(sha1)")
    database.execute("DROP INDEX by_sha1")
    database.execute("begin")
    for row in losers:
        database.execute("DELETE FROM indices WHERE rowid = ?", (row,))
    database.execute("commit")
database.execute("CREATE UNIQUE INDEX indices_sha1_idx ON indices(sha1)")
database.execute("CREATE UNIQUE INDEX artifacts_idx ON artifacts(artifact_id, group_id)")
database.execute("CREATE INDEX indices_artifact_idx ON indices(artifact_id)")
database.execute("vacuum")
database.close()

with open(sys.argv[1], "r+b") as file:
    content = bytearray(file.read())
    content[24:28] = content[92:96] = (1).to_bytes(4, "big")
    content[96:100] = (3053004).to_bytes(4, "big")
    for page in range(0, len(content), 4096):
        start = page + (100 if page == 0 else 0)
        header = {2: 12, 5: 12, 10: 8, 13: 8}[content[start]]
        first = start + header + 2 * int.from_bytes(content[start + 3 : start + 5], "big")
        end = page + int.from_bytes(content[start + 5 : start + 7], "big")
        content[first:end] = bytes(end - first)
    file.seek(0)
    file.write(content)
print(sqlite3.sqlite_version)
