# Asks a Java database what Trivy asks it (trivy-java-db, pkg/db/db.go), with the sqlite3 of Python.
# Input: lines of JSON [group, artifact, version, sha1]. Output: one JSON object with what was found.
import json
import sqlite3
import sys

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
by_sha1 = """SELECT a.group_id, a.artifact_id, i.version, i.sha1, i.archive_type FROM indices i
             JOIN artifacts a ON a.id = i.artifact_id WHERE i.sha1 = ?"""
by_name = """SELECT a.group_id, a.artifact_id, i.version, i.sha1, i.archive_type FROM indices i
             JOIN artifacts a ON a.id = i.artifact_id WHERE a.group_id = ? AND a.artifact_id = ?"""
by_version = """SELECT f_id.group_id, f_id.artifact_id, i.version, i.sha1, i.archive_type FROM indices i
                JOIN (SELECT a.id, a.group_id, a.artifact_id FROM indices i JOIN artifacts a on a.id = i.artifact_id
                      WHERE a.artifact_id = ? AND i.version = ? AND i.archive_type = ?) f_id
                ON f_id.id = i.artifact_id"""

missing, unnamed, unversioned, owners = [], [], [], {}
for line in sys.stdin:
    group, artifact, version, sha1 = json.loads(line)
    found = database.execute(by_sha1, (bytes.fromhex(sha1),)).fetchall()
    if len(found) == 1 and found[0][4] == "jar":
        owners[sha1] = list(found[0][:3])
    else:
        missing.append(sha1)
    if database.execute(by_name, (group, artifact)).fetchone() is None:
        unnamed.append([group, artifact])
    if not any(row[0] == group for row in database.execute(by_version, (artifact, version, "jar"))):
        unversioned.append([group, artifact, version])

plans = [
    [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    for sql, values in ((by_sha1, (b"",)), (by_name, ("", "")), (by_version, ("", "", "")))
]
print(
    json.dumps(
        {
            "missing": missing,
            "unnamed": unnamed,
            "unversioned": unversioned,
            "owners": owners,
            "scans": [step for plan in plans for step in plan if step.startswith("SCAN")],
            "integrity": [row[0] for row in database.execute("pragma integrity_check")],
            "free": database.execute("pragma freelist_count").fetchone()[0],
            "schema": [row[0] for row in database.execute("select sql from sqlite_master order by sql")],
            "archives": database.execute("select count(*) from indices").fetchone()[0],
        }
    )
)
