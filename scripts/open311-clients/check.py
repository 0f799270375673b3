#!/usr/bin/env python3
"""PyPI `georeport` and the official JSON Schemas against a node. Needs: pip install georeport==0.3.1 jsonschema referencing

    python3 scripts/open311-clients/check.py http://127.0.0.1:8081/open311/v2 SCHEMA_VALIDATION/schema/georeport-v2
"""

import json
import sys
import urllib.request
from pathlib import Path

from georeport import GeoReport
from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

base, schemas = sys.argv[1], Path(sys.argv[2])
failed = 0


def say(good, text):
    global failed
    failed += not good
    print("ok" if good else "FAILED", text)


for kind in ["json", "xml"]:
    city = GeoReport(base, output_format=kind)
    services = city.get_service_list()
    asking = next(s["service_code"] for s in services if str(s["metadata"]).lower() == "true")
    say(len(services) > 10, f"georeport {kind}: {len(services)} services")
    say(city.get_service_definition(asking)["service_code"] == asking, f"georeport {kind}: definition of {asking}")
    requests = city.get_service_requests()
    parts = [len(city.get_service_requests(status=status)) for status in ["open", "closed"]]
    say(sum(parts) == len(requests), f"georeport {kind}: {len(requests)} requests, {parts[0]} open, {parts[1]} closed")
    number = requests[0]["service_request_id"]
    one = city.get_service_request(number)
    one = one[0] if isinstance(one, list) else one
    say(one["service_request_id"] == number, f"georeport {kind}: request {number}")

# The schemas name each other without a folder: "$ref": "service.json".
files = {path.name: json.loads(path.read_text()) for path in schemas.glob("*.json")}
registry = Registry().with_resources((name, DRAFT4.create_resource(schema)) for name, schema in files.items())
for path, schema in [
    ("services.json", "services.json"),
    (f"services/{asking}.json", "service-definition.json"),
    ("requests.json", "requests.json"),
    ("requests.json?page_size=5&extensions=true", "requests.json"),
    ("requests.json?status=closed", "requests.json"),
    (f"requests/{number}.json", "requests.json"),
]:
    with urllib.request.urlopen(f"{base}/{path}") as answer:
        found = json.load(answer)
    faults = [fault.message for fault in Draft4Validator(files[schema], registry=registry).iter_errors(found)]
    say(not faults, f"{path}: {len(found)} rows fit {schema} {faults[:3] or ''}")

sys.exit(1 if failed else 0)
