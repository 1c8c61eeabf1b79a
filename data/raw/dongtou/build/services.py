"""Emergency, insurance, mental health, care for the old, and water from source to tap."""

from pathlib import Path

import land
import people
from common import bd09, rng, write_csv
from facilities import workbook, yes
from placing import Placer, at, places, plan


def services(folder: Path) -> None:
    """AED, ambulances, insurance windows, mental-health stations, care for the old."""
    place, random, rows = Placer("aed"), rng("aed facts"), []
    busy = ["城中社区", "城南社区", "银海社区", "岭背社区", "上新社区", "新城社区", "九村", "昆鹏第一社区"]
    venues = ["客运站", "学校", "社区服务中心", "景区", "商场", "政务中心", "体育馆", "养老机构"]
    for k, where in enumerate(
        [
            *busy,
            *busy,
            *[f[0] for f in plan()["village_clinics"][::2]],
            "岙面村",
            "大溪社区",
            "鹿西村",
            "中仑村",
            "蓝港社区",
            "布袋岙村",
            "状元村",
            "三盘社区",
            "东沙村",
            "昆鹏第二社区",
        ]
    ):
        lon, lat = at(place.beside(where))
        rows.append(
            {
                "id": f"AED{k + 1:03d}",
                "name": where + (venue := venues[int(random.integers(8))]),
                "venue": venue,
                "hours": "24h" if random.random() < 0.4 else "营业时间",
                "lon": lon,
                "lat": lat,
                "source": "模拟",
            }
        )
    write_csv(folder / "aeds.csv", rows)
    place, rows = Placer("ambulance"), []
    for k, (name, where, cars, source, negative) in enumerate(plan()["ambulance_station"]):
        lon, lat = at(place.beside(where))
        rows.append(
            {
                "id": f"JJ{k + 1:02d}",
                "name": name,
                "vehicles": cars,
                "negative_pressure": negative,
                "lon": lon,
                "lat": lat,
                "source": source,
            }
        )
    write_csv(folder / "ambulance_stations.csv", rows)
    place, rows = Placer("insurance"), []
    for k, (name, where, level) in enumerate(plan()["insurance_window"]):
        lon, lat = at(place.beside(where), bd09)
        rows.append(
            {
                "编码": f"YB{k + 1:02d}",
                "名称": name,
                "层级": level,
                "所属街道": places()[where][2],
                "经度": lon,
                "纬度": lat,
                "数据来源": "模拟",
            }
        )
    workbook(folder / "insurance_windows.xlsx", "医保经办窗口", rows)
    place, rows = Placer("psych"), []
    for k, (name, where) in enumerate(plan()["psych_station"]):
        lon, lat = at(place.beside(where))
        rows.append(
            {
                "id": f"XL{k + 1:02d}",
                "name": name,
                "unit": places()[where][2],
                "lon": lon,
                "lat": lat,
                "source": "模拟",
            }
        )
    write_csv(folder / "psych_stations.csv", rows)
    place, random, rows = Placer("elder"), rng("elder facts"), []
    counted, more = people.village_people(), rng("elder more")
    seats = land.seats().set_index("code").name
    for k, code in enumerate(counted.sort_values(ascending=False, kind="stable").index[::2][:35]):
        kind = (
            "养老机构" if k % 9 == 4 else "居家养老服务照料中心" if counted[code] > 1500 or k % 3 == 0 else "老年食堂"
        )
        beds = int(random.integers(30, 120)) if kind == "养老机构" else int(random.integers(4, 16))
        lon, lat = at(place.beside(seats[code]))
        rows.append(
            {
                "id": f"YL{k + 1:02d}",
                "name": seats[code] + kind,
                "type": kind,
                "beds": beds if "食堂" not in kind else 0,
                "nursing_beds": round(beds * more.uniform(0.4, 0.7)) if kind == "养老机构" else 0,
                "nutritionist": yes(more, 0.5) if kind == "养老机构" else "否",
                "lon": lon,
                "lat": lat,
                "source": "模拟",
            }
        )
    write_csv(folder / "elder_care.csv", rows)


def water(folder: Path) -> None:
    """Plants, where their water comes from, and what is measured from source to tap."""
    place, random = Placer("water"), rng("water facts")
    seats = land.seats()
    codes = seats[seats.code != ""].set_index("name").code
    alone = {v for fact in plan()["water_plant"] for v in fact.get("villages", [])}
    plants, sources, checks, served_by = [], [], [], {}
    for fact in plan()["water_plant"]:
        own = [codes[v] for v in fact.get("villages", [])]
        own += [code for name, code in codes.items() if code[:9] in fact.get("units", []) and name not in alone]
        lon, lat = at(place.beside(fact["place"], 500))
        plants.append(
            {
                "id": fact["id"],
                "name": fact["name"],
                "tier": fact["tier"],
                "capacity": fact["capacity"],
                "served": ";".join(sorted(own)),
                "smart": fact["smart"],
                "reliability": fact["reliability"],
                "lon": lon,
                "lat": lat,
                "source": fact["source"],
            }
        )
        served_by |= dict.fromkeys(own, fact["id"])
        checks.append((fact["id"], "出厂", fact["name"], lon, lat, 0.99))
    for ident, name, where, kind, plant, capacity, source in plan()["water_source"]:
        lon, lat = at(place.beside(where, 700))
        sources.append(
            {
                "id": ident,
                "name": name,
                "type": kind,
                "plant": plant,
                "capacity": capacity,
                "lon": lon,
                "lat": lat,
                "source": source,
            }
        )
        checks.append((plant, "水源", name, lon, lat, 0.92))
    for name, code in codes.items():
        lon, lat = at(place.beside(name, 300))
        small = served_by[code] in ("SC04", "SC05", "SC06")
        checks.append((served_by[code], "龙头", name + "末梢", lon, lat, 0.8 if small else 0.97))
    rows = []
    for plant, stage, name, lon, lat, chance in checks:
        for quarter in ("2025-03-15", "2025-06-15", "2025-09-15", "2025-12-15"):
            good = "是" if random.random() < chance else "否"
            rows.append(
                {
                    "id": f"JC{len(rows) + 1:04d}",
                    "plant": plant,
                    "stage": stage,
                    "name": name,
                    "date": quarter,
                    "pass": good,
                    "lon": lon,
                    "lat": lat,
                    "source": "模拟",
                }
            )
    # A source is up to standard where all of the year's samples are.
    failed = {row["name"] for row in rows if row["stage"] == "水源" and row["pass"] == "否"}
    sources = [
        {key: row[key] for key in row if key != "source"}
        | {"pass": "否" if row["name"] in failed else "是", "source": row["source"]}
        for row in sources
    ]
    write_csv(folder / "water_plants.csv", plants)
    write_csv(folder / "water_sources.csv", sources)
    write_csv(folder / "water_monitoring.csv", rows)
