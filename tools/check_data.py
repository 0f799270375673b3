#!/usr/bin/env python3
"""Checks the data under cities/: references, texts in both languages, points, dates and the demo's arithmetic.

    python3 tools/check_data.py [folder]

Prints every fault with its place and exits 1 if there is one. Standard library only. It does not judge words or boundaries.
"""

import datetime
import json
import re
import sys
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "cities"

ACTIONS = set(
    "see_public submit_report answer_report see_desk triage_report open_incident work_task see_identity"
    " see_anonymous_identity see_secret moderate see_numbers manage_services manage_areas manage_sign_ins"
    " manage_api_keys post_open311 see_journal read_entities write_entities subscribe_entities see_sources manage_sources"
    " manage_units handle_alarm manage_rules see_alerts write_alert approve_alert manage_alert_feeds set_stage manage_walls".split()
)
UNIT_KINDS = set("crew car motorcycle truck pump boat ambulance fire_engine crane other".split())
# The Open311 GeoReport v2 datatypes; the two list types carry values, the others do not.
DATATYPES = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}
LISTS = {"singlevaluelist", "multivaluelist"}
RESOLVED = {"confirmed", "not_yet", "resolved_waiting", "unconfirmed"}
SCENARIOS = RESOLVED | {"received", "assigned", "in_work", "referred", "duplicate", "closed_not_fixed", "overdue"}
WITH_NOTE = RESOLVED | {"referred", "duplicate", "closed_not_fixed"}
# Calendar days that a scenario's clock needs at least: 5 working days until late, 10 for the reporter's answer.
LEAST_AGE = {"overdue": 8, "unconfirmed": 15}
# What is secret, and who is anonymous, may be seen by these alone.
ONLY = {"see_secret": {"operator", "dispatcher", "privacy_officer"}, "see_anonymous_identity": {"privacy_officer"}}
SLUG = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
# What would point at a person or a door: long digit runs, e-mail addresses, house numbers, forms of address with a name.
PERSONAL = re.compile(r"\d{7,}|\S@\S|\b[Nn]o(mor|\.)? ?\d|\b(Bapak|Ibu|Pak|Bu|Sdr\.?) [A-Z]")

faults = []


def fault(place, text):
    faults.append(f"{place}: {text}")


def load(name):
    try:
        text = (ROOT / name).read_text(encoding="utf-8")
        return json.loads(text, object_pairs_hook=lambda pairs: no_repeats(name, pairs))
    except (OSError, ValueError) as error:
        fault(name, str(error))
        return {}


def no_repeats(name, pairs):
    for key, count in Counter(key for key, _ in pairs).items():
        if count > 1:
            fault(name, f"key {key!r} stands twice in one object")
    return dict(pairs)


def both(place, texts):
    """A text in Bahasa Indonesia and in English, and in no other language."""
    if not isinstance(texts, dict) or set(texts) != {"id", "en"}:
        return fault(place, "needs exactly id and en")
    for language, text in texts.items():
        if not isinstance(text, str) or not text.strip() or text != text.strip():
            fault(place, f"{language} is empty or has blanks at its ends")
        elif "!" in text:
            fault(place, f"{language} has an exclamation mark")


def codes(name, rows):
    found = [row.get("code") for row in rows]
    for code, count in Counter(found).items():
        if not isinstance(code, str) or not SLUG.fullmatch(code):
            fault(name, f"code {code!r} is not a short latin slug")
        if count > 1:
            fault(name, f"code {code!r} stands twice")
    return set(found)


def check_services():
    name = "starter/services.json"
    services = load(name).get("services", [])
    codes(name, services)
    for service in services:
        place = f"{name} {service['code']}"
        for field in ("names", "descriptions", "group"):
            both(f"{place} {field}", service.get(field))
        if not service.get("keywords") or any("," in word for word in service["keywords"]):
            fault(place, "keywords are missing, or one holds a comma (Open311 joins them with commas)")
        if not (0 < service.get("verify_days", 0) <= service.get("follow_up_days", 0)):
            fault(place, "verify_days and follow_up_days must be positive and in that order")
        if service.get("default_visibility") not in ("public", "secret"):
            fault(place, "default_visibility is public or secret")
        attributes = service.get("attributes", [])
        codes(place, attributes)
        if [attribute.get("order") for attribute in attributes] != list(range(1, len(attributes) + 1)):
            fault(place, "attribute order must be 1, 2, 3 …")
        for attribute in attributes:
            spot = f"{place} {attribute['code']}"
            both(f"{spot} description", attribute.get("description"))
            if attribute.get("datatype") not in DATATYPES:
                fault(spot, f"datatype {attribute.get('datatype')!r} is not in Open311")
            if not isinstance(attribute.get("required"), bool):
                fault(spot, "required must be true or false")
            values = attribute.get("values", [])
            if (attribute.get("datatype") in LISTS) != bool(values):
                fault(spot, "list types need values, other types have none")
            keys = [value.get("key") for value in values]
            if len(set(keys)) != len(keys):
                fault(spot, "a key stands twice")
            for value in values:
                both(f"{spot} {value.get('key')}", value.get("name"))
    groups = {tuple(sorted(service["group"].items())) for service in services if isinstance(service.get("group"), dict)}
    for language in ("id", "en"):
        if len({dict(group).get(language) for group in groups}) != len(groups):
            fault(name, f"one {language} group name has two translations")
    return {service["code"]: service for service in services}


def check_live_types():
    name = "starter/live_types.json"
    types = load(name).get("live_types", [])
    codes(name, types)
    icons = json.loads((ROOT.parent / "crates/web/assets/icons.json").read_text())
    for kind in types:
        place = f"{name} {kind['code']}"
        for field in ("names", "attribute_names", "unit"):
            both(f"{place} {field}", kind.get(field))
        for field in ("type", "attribute"):
            if not str(kind.get(field, "")).startswith("https://"):
                fault(place, f"{field} is an expanded name")
        if not kind.get("expected_every_s", 0) > 0:
            fault(place, "expected_every_s must be positive")
        if not isinstance(kind.get("public"), bool):
            fault(place, "public must be true or false")
        if kind.get("icon") not in icons:
            fault(place, f"there is no icon {kind.get('icon')!r}")


def check_units(team_codes):
    name = "starter/units.json"
    units = load(name).get("units", [])
    codes(name, units)
    for unit in units:
        place = f"{name} {unit['code']}"
        both(place, unit.get("names"))
        if unit.get("kind") not in UNIT_KINDS:
            fault(place, f"unknown kind {unit.get('kind')!r}")
        if unit.get("team_code") not in team_codes:
            fault(place, f"no team {unit.get('team_code')!r}")


def check_playbooks(services, role_codes):
    name = "starter/playbooks.json"
    playbooks = load(name).get("playbooks", [])
    codes(name, playbooks)
    for playbook in playbooks:
        place = f"{name} {playbook['code']}"
        both(place, playbook.get("names"))
        if playbook.get("service_code") not in services:
            fault(place, f"no service {playbook.get('service_code')!r}")
        steps = playbook.get("steps", [])
        codes(place, steps)
        for step in steps:
            both(f"{place} {step['code']}", step.get("text"))
            if step.get("role") not in role_codes:
                fault(place, f"{step['code']}: no role {step.get('role')!r}")
            if not step.get("minutes", 0) > 0:
                fault(place, f"{step['code']}: minutes must be positive")
            if step.get("up_to_priority", 1) not in range(1, 5):
                fault(place, f"{step['code']}: a priority is 1 to 4")


def check_rules(name, services, team_codes):
    rules = load(name).get("rules", [])
    for rule in rules:
        place = f"{name} {rule['code']}"
        if not re.fullmatch(r"[a-z0-9/-]+", rule["code"]):
            fault(place, "a code has a-z, 0-9, - and /")
        for field in ("names", "cause", "consequence", "action"):
            both(f"{place} {field}", rule.get(field))
        if rule.get("owner") not in team_codes:
            fault(place, f"no team {rule.get('owner')!r}")
        named = list(rule["condition"].get("service_codes", []))
        if rule.get("incident"):
            named.append(rule["incident"].get("service_code"))
        for code in named:
            if code not in services:
                fault(place, f"no service {code!r}")
    for code, count in Counter(rule["code"] for rule in rules).items():
        if count > 1:
            fault(name, f"code {code!r} stands twice")
    return {rule["code"] for rule in rules}


def check_offices(services):
    teams = load("starter/teams.json").get("teams", [])
    team_codes = codes("starter/teams.json", teams)
    for team in teams:
        both(f"starter/teams.json {team['code']}", team.get("names"))

    check_units(team_codes)
    begun_with = check_rules("starter/rules.json", services, team_codes)
    for code in begun_with & check_rules("demo/rules.json", services, team_codes):
        fault("demo/rules.json", f"{code!r} is a rule that every city begins with")
    name = "starter/routing.json"
    routing = load(name).get("routing", [])
    pairs = Counter((row.get("service_code"), row.get("area_code")) for row in routing)
    for pair, count in pairs.items():
        if count > 1:
            fault(name, f"{pair} stands twice")
    for row in routing:
        if row.get("service_code") not in services:
            fault(name, f"no service {row.get('service_code')!r}")
        if row.get("team_code") not in team_codes:
            fault(name, f"no team {row.get('team_code')!r}")
    for code in services:
        if (code, None) not in pairs:
            fault(name, f"service {code!r} has no team for the whole city")
    for code in team_codes - {row.get("team_code") for row in routing}:
        fault(name, f"no service goes to team {code!r}")

    name = "starter/roles.json"
    roles = load(name).get("roles", [])
    role_codes = codes(name, roles)
    for role in roles:
        place = f"{name} {role['code']}"
        both(place, role.get("names"))
        actions = role.get("actions", [])
        if len(set(actions)) != len(actions):
            fault(place, "an action stands twice")
        for action in set(actions) - ACTIONS:
            fault(place, f"unknown action {action!r}")
        for action, allowed in ONLY.items():
            if action in actions and role["code"] not in allowed:
                fault(place, f"may not hold {action}")
    for action in ACTIONS - {action for role in roles for action in role.get("actions", [])}:
        fault(name, f"no role holds {action}")

    check_playbooks(services, role_codes)
    name = "starter/positions.json"
    positions = load(name).get("positions", [])
    codes(name, positions)
    for position in positions:
        place = f"{name} {position['code']}"
        both(place, position.get("names"))
        if position.get("role") not in role_codes:
            fault(place, f"no role {position.get('role')!r}")
        if (position.get("role") == "crew") != (position.get("team_code") is not None):
            fault(place, "a crew position has a team, another has none")
        if position.get("team_code") is not None and position["team_code"] not in team_codes:
            fault(place, f"no team {position['team_code']!r}")
    for code, count in Counter(p["team_code"] for p in positions if p.get("role") == "crew").items():
        if count != 1:
            fault(name, f"team {code!r} has {count} crew positions")
    for code in team_codes - {position.get("team_code") for position in positions}:
        fault(name, f"team {code!r} has no crew position")
    return team_codes


def inside(point, bbox):
    west, south, east, north = bbox
    return west < point[0] < east and south < point[1] < north


def check_city(path):
    name = f"demo/{path.name}"
    city = load(name)
    for field in ("slug", "name", "code", "province", "zone", "zone_abbreviation", "domain", "emergency_phone", "source", "licence"):
        if not isinstance(city.get(field), str) or not city[field]:
            fault(name, f"{field} is missing")
    if city.get("slug") != path.stem:
        fault(name, "slug and file name differ")
    try:
        offset = ZoneInfo(city["zone"]).utcoffset(datetime.datetime(2026, 1, 1))
        if {"WIB": 7, "WITA": 8, "WIT": 9}.get(city["zone_abbreviation"]) != offset.total_seconds() / 3600:
            fault(name, "zone and zone_abbreviation disagree")
    except (KeyError, ValueError) as error:
        fault(name, f"zone: {error}")
    bbox = city.get("bbox", [])
    # Indonesia lies within these; swapped axes would not.
    if len(bbox) != 4 or not (94 < bbox[0] < bbox[2] < 142 and -12 < bbox[1] < bbox[3] < 8):
        return fault(name, "bbox must be [west, south, east, north] in Indonesia")
    if not inside(city.get("center", [0, 0]), bbox):
        fault(name, "center lies outside bbox")
    areas = city.get("areas", [])
    for code, count in Counter(area.get("code") for area in areas).items():
        if count > 1 or not re.fullmatch(r"\d\d\.\d\d\.\d\d\.\d{4}", code or ""):
            fault(name, f"area code {code!r} is malformed or stands twice")
    if not areas or len({area.get("code", "")[:5] for area in areas}) != 1:
        fault(name, "areas are missing or of more than one city")
    for area in areas:
        place = f"{name} {area.get('code')}"
        if not area.get("name") or not area.get("parent_name"):
            fault(place, "name or parent_name is missing")
        # The digit after the last point tells them apart: 1 kelurahan, 2 desa.
        if area.get("kind") != {"1": "kelurahan", "2": "desa"}.get(area.get("code", "").rpartition(".")[2][:1]):
            fault(place, f"kind {area.get('kind')!r} does not suit the code")
        if not inside(area.get("center", [0, 0]), bbox):
            fault(place, "center lies outside bbox")
    day = city.get("day", {})
    tide = day.get("tide", {})
    if not all(isinstance(tide.get(field), int) for field in ("mean_cm", "amplitude_cm", "high_water_in_minutes")):
        fault(name, "day.tide must say how high the water stands, how much it rises, and when it is highest")
    if not isinstance(day.get("silent_gauge"), bool):
        fault(name, "day must say whether a gauge is silent")
    if day.get("stage") not in range(1, 6):
        fault(name, "day.stage is 1 to 5")
    incidents = {incident["code"] for incident in load("demo/incidents.json").get("incidents", [])}
    for code in day.get("resolved", []):
        if code not in incidents:
            fault(name, f"day.resolved: no incident {code!r}")
    for row in city.get("places", []):
        if not row.get("name") or not inside([row.get("lon", 0), row.get("lat", 0)], bbox):
            fault(f"{name} {row.get('name')}", "has no name or lies outside bbox")
    return len(areas)


def check_answers(place, service, answers):
    attributes = {attribute["code"]: attribute for attribute in service.get("attributes", [])}
    for code, attribute in attributes.items():
        if attribute["required"] and code not in answers:
            fault(place, f"required attribute {code!r} has no answer")
    for code, answer in answers.items():
        attribute = attributes.get(code)
        if not attribute:
            fault(place, f"service has no attribute {code!r}")
            continue
        datatype = attribute["datatype"]
        if (datatype == "multivaluelist") != isinstance(answer, list):
            fault(place, f"{code} takes a list exactly if it is a multivaluelist")
        elif datatype in LISTS:
            keys = {value["key"] for value in attribute["values"]}
            for key in answer if isinstance(answer, list) else [answer]:
                if key not in keys:
                    fault(place, f"{code} has no value {key!r}")
        elif datatype == "number" and not isinstance(answer, (int, float)):
            fault(place, f"{code} must be a number")


def check_reports(services):
    name = "demo/reports.json"
    reports = load(name).get("reports", [])
    for index, report in enumerate(reports):
        place = f"{name} [{index}]"
        service, scenario, age = services.get(report.get("service_code")), report.get("scenario"), report.get("age_days", -1)
        if not service:
            fault(place, f"no service {report.get('service_code')!r}")
            continue
        if scenario not in SCENARIOS:
            fault(place, f"unknown scenario {scenario!r}")
        if not LEAST_AGE.get(scenario, 0) <= age <= 29:
            fault(place, f"age_days {age} does not suit {scenario}")
        for field in ("description", "place", "words", "resolution_note"):
            text = report.get(field)
            if field in ("description", "place") and not text:
                fault(place, f"{field} is missing")
            if text and (PERSONAL.search(text) or "!" in text):
                fault(place, f"{field} may point at a person or door, or shouts: {text}")
        if len(report.get("description", "")) < 10:
            fault(place, "description is shorter than the form allows")
        if (scenario in WITH_NOTE) != bool(report.get("resolution_note")):
            fault(place, "resolution_note goes with an outcome and with nothing else")
        if (scenario in ("confirmed", "not_yet")) != (report.get("stars") in (1, 2, 3, 4, 5)):
            fault(place, "stars 1 to 5 go with confirmed and not_yet and with nothing else")
        if report.get("words") and not report.get("stars"):
            fault(place, "words without stars")
        if (scenario == "referred") != bool(report.get("referred_to")):
            fault(place, "referred_to goes with referred")
        if (scenario == "duplicate") != ("duplicate_of" in report):
            fault(place, "duplicate_of goes with duplicate")
        elif scenario == "duplicate":
            first = report["duplicate_of"]
            if not 0 <= first < len(reports) or reports[first]["scenario"] == "duplicate":
                fault(place, "duplicate_of must be the index of a report that is no duplicate")
            elif reports[first]["service_code"] != report["service_code"] or reports[first]["age_days"] <= age:
                fault(place, "a duplicate is younger than its first report and of the same service")
        if report.get("visibility") not in ("public", "secret") or not isinstance(report.get("anonymous"), bool):
            fault(place, "visibility is public or secret, anonymous true or false")
        if service["default_visibility"] == "secret" and report.get("visibility") != "secret":
            fault(place, "a report of a secret service is secret")
        check_answers(place, service, report.get("attributes", {}))
    for code in set(services) - {report.get("service_code") for report in reports}:
        fault(name, f"no report for service {code!r}")
    return reports


def check_incidents(services, teams, reports):
    name = "demo/incidents.json"
    incidents = load(name).get("incidents", [])
    codes(name, incidents)
    taken = Counter(index for incident in incidents for index in incident.get("reports", []))
    for incident in incidents:
        place = f"{name} {incident['code']}"
        both(f"{place} names", incident.get("names"))
        both(f"{place} summary", incident.get("summary"))
        if incident.get("service_code") not in services or incident.get("priority") not in (1, 2, 3, 4, 5):
            fault(place, "service_code or priority is unknown")
        if len(incident.get("reports", [])) < 2:
            fault(place, "joins fewer than two reports")
        for index in incident.get("reports", []):
            if not 0 <= index < len(reports):
                fault(place, f"no report {index}")
            elif reports[index]["service_code"] != incident["service_code"] or reports[index]["visibility"] != "public":
                fault(place, f"report {index} is of another service or secret")
            elif taken[index] > 1:
                fault(place, f"report {index} is in two incidents")
        steps = incident.get("steps", [])
        if not steps or [step.get("order") for step in steps] != list(range(1, len(steps) + 1)):
            fault(place, "step order must be 1, 2, 3 …")
        for step in steps:
            both(f"{place} step {step.get('order')}", step.get("text"))
            if step.get("team_code") not in teams or not step.get("minutes", 0) > 0 or not isinstance(step.get("done"), bool):
                fault(f"{place} step {step.get('order')}", "team_code, minutes or done is wrong")
    return incidents


def check_holidays(path):
    name = f"holidays/{path.name}"
    table = load(name)
    rows = table.get("holidays", [])
    if table.get("country") != path.stem or not table.get("source") or not table.get("licence"):
        fault(name, "country, source or licence is missing")
    first, last = table.get("years", [0, 0])
    dates = [row.get("date", "") for row in rows]
    if dates != sorted(dates):
        fault(name, "dates are out of order")
    for key, count in Counter((row.get("date"), row.get("name_en")) for row in rows).items():
        if count > 1:
            fault(name, f"{key} stands twice")
    years = set()
    for row in rows:
        try:
            years.add(datetime.date.fromisoformat(row["date"]).year)
        except (KeyError, ValueError) as error:
            fault(name, f"date: {error}")
        if not row.get("name_en"):
            fault(f"{name} {row.get('date')}", "name_en is missing")
        if path.stem == "ID" and (not row.get("name_id") or not isinstance(row.get("estimated"), bool)):
            fault(f"{name} {row.get('date')}", "name_id or estimated is missing")
        if path.stem == "ID" and not isinstance(row.get("joint_leave"), bool):
            fault(f"{name} {row.get('date')}", "joint_leave is missing")
        for area in row.get("areas", []):
            if area not in table.get("areas", []):
                fault(f"{name} {row.get('date')}", f"unknown area {area!r}")
    if years != set(range(first, last + 1)):
        fault(name, "a year has no holiday, or a holiday lies outside years")
    leave = {row["date"][:4] for row in rows if row.get("joint_leave")}
    if path.stem == "ID" and leave != {str(year) for year in range(first, table.get("joint_leave_until", 0) + 1)}:
        fault(name, "a year until joint_leave_until has no joint leave, or one behind it has")
    return len(rows)


def main():
    services = check_services()
    check_live_types()
    teams = check_offices(services)
    cities = sorted(path for path in (ROOT / "demo").glob("*.json") if path.name not in ("reports.json", "incidents.json", "sources.json", "rules.json"))
    areas = {path.stem: check_city(path) for path in cities}
    reports = check_reports(services)
    incidents = check_incidents(services, teams, reports)
    holidays = {path.stem: check_holidays(path) for path in sorted((ROOT / "holidays").glob("*.json"))}
    if not cities or not holidays:
        fault(str(ROOT), "no demo city or no holiday table")
    for text in faults:
        print(text, file=sys.stderr)
    if faults:
        sys.exit(f"{len(faults)} faults")
    scenarios = Counter(report["scenario"] for report in reports)
    print(f"services {len(services)}, teams {len(teams)}, areas {areas}, holidays {holidays}, incidents {len(incidents)}")
    print(f"reports {len(reports)}, declared resolved {sum(scenarios[s] for s in RESOLVED)}, {dict(scenarios)}")


if __name__ == "__main__":
    main()
