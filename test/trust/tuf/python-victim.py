"""python-tuf as a client: one JSON question a line, one JSON answer a line."""

import datetime
import json
import os
import sys

from tuf.ngclient import Updater
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher


def look(question):
    folder, url = question["dir"], question["url"]
    targets = os.path.join(folder, "python-targets")
    metadata = os.path.join(folder, "python-metadata")
    os.makedirs(targets, exist_ok=True)
    with open(os.path.join(folder, "trusted.json"), "rb") as file:
        root = file.read()
    fetcher = Urllib3Fetcher(socket_timeout=question["patience"])
    updater = Updater(metadata, url, targets, url + "/targets", fetcher=fetcher, bootstrap=root)
    shift = datetime.timedelta(hours=question["atHours"])
    updater._trusted_set.reference_time = datetime.datetime.now(datetime.timezone.utc) + shift
    updater.refresh()
    info = updater.get_targetinfo(question["target"])
    if info is None:
        return {"refused": "target not found"}
    with open(updater.download_target(info), encoding="utf-8") as file:
        return {"text": file.read()}


for line in sys.stdin:
    try:
        answer = look(json.loads(line))
    except Exception as error:  # every refusal is an answer
        answer = {"refused": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
