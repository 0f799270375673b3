# /// script
# requires-python = ">=3.11"
# dependencies = ["holidays==0.109"]
# ///
"""Writes cities/holidays/ID.json and US.json from the PyPI package `holidays` (MIT).

    python3 -m venv /tmp/holidays && /tmp/holidays/bin/pip install holidays==0.109
    /tmp/holidays/bin/python tools/holidays.py            # writes the files
    /tmp/holidays/bin/python tools/holidays.py --check    # fails if they are stale

The city's clocks count working days, so a wrong date here moves a deadline. Dates that hang on the moon and are not yet
announced are marked by the package; that mark becomes `estimated` and leaves the name.

Indonesia's joint leave (cuti bersama), on which government offices are closed, is the package's category `government`.
Three ministers decree it a year ahead, so it ends before the holidays do; `joint_leave_until` says where.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# This file has the package's name: without this line the import below would find this file.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != HERE]

import holidays  # noqa: E402

VERSION = "0.109"
SOURCE = f"PyPI holidays {VERSION}"
FOLDER = HERE.parent / "cities" / "holidays"
SUFFIXES = (" (estimated)", " (perkiraan)")


def plain(name):
    """The name without the mark, and whether the mark was there."""
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix), True
    return name, False


def by_date(country, years, **options):
    found = holidays.country_holidays(country, years=range(years[0], years[1] + 1), **options)
    return {day: found.get_list(day) for day in sorted(found)}


def named_in_both(years, category):
    """Indonesia's days of one category: date, both names, and whether the date is estimated."""
    en = by_date("ID", years, language="en_US", categories=(category,))
    id_ = by_date("ID", years, language="id", categories=(category,))
    assert en.keys() == id_.keys()
    # Two holidays on one date come sorted by name in each language, so the pairs are learnt from the single dates.
    names = {plain(en[day][0])[0]: plain(id_[day][0])[0] for day in en if len(en[day]) == 1}
    rows = []
    for day, listed in en.items():
        for name in listed:
            name_en, estimated = plain(name)
            name_id = names[name_en]
            assert name_id in [plain(other)[0] for other in id_[day]], (day, name_en)
            # The package's word for a day that was moved is misspelt.
            name_id = name_id.replace("Pegangti ", "Pengganti ")
            rows.append({"date": day.isoformat(), "name_en": name_en, "name_id": name_id, "estimated": estimated})
    return rows


def indonesia():
    years = [2020, 2031]
    public = [row | {"joint_leave": False} for row in named_in_both(years, holidays.PUBLIC)]
    leave = [row | {"joint_leave": True} for row in named_in_both(years, holidays.GOVERNMENT)]
    assert all("Joint Holiday" in row["name_en"] for row in leave), "the category holds something else"
    rows = sorted(public + leave, key=lambda row: row["date"])
    until = max(int(row["date"][:4]) for row in leave)
    return {
        "country": "ID", "source": SOURCE, "licence": "MIT", "years": years, "joint_leave_until": until, "holidays": rows,
    }


def united_states():
    years = [2010, 2031]
    areas = {"US": by_date("US", years, language="en_US"), "MA": by_date("US", years, subdiv="MA", language="en_US")}
    kept = {}
    for area, days in areas.items():
        for day, listed in days.items():
            for name in listed:
                kept.setdefault((day.isoformat(), name), []).append(area)
    rows = [{"date": day, "name_en": name, "areas": where} for (day, name), where in sorted(kept.items())]
    return {"country": "US", "source": SOURCE, "licence": "MIT", "years": years, "areas": list(areas), "holidays": rows}


def text(table):
    """JSON with two spaces, one holiday a line."""
    head = {key: value for key, value in table.items() if key != "holidays"}
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    rows = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in table["holidays"])
    return "{\n" + "\n".join(lines) + '\n  "holidays": [\n' + rows + "\n  ]\n}\n"


def main():
    if holidays.__version__ != VERSION:
        sys.exit(f"needs holidays=={VERSION}, found {holidays.__version__}")
    stale = []
    for table in (indonesia(), united_states()):
        path = FOLDER / f"{table['country']}.json"
        if "--check" in sys.argv:
            if not path.exists() or path.read_text(encoding="utf-8") != text(table):
                stale.append(path.name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text(table), encoding="utf-8")
            print(f"{path.name}: {len(table['holidays'])} holidays")
    if stale:
        sys.exit(f"stale: {', '.join(stale)}; run tools/holidays.py")


if __name__ == "__main__":
    main()
