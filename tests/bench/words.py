"""The vocabulary of the synthetic data. Every place, company and project made of it is invented.

No character here has more than one sound in the words it can stand in, so that the pinyin of
a name is that of its words one after another; `tests/test_bench_data.py` holds that on a sample.
"""

from calendar import monthrange
from datetime import date, timedelta

from projects.stages import Stage

FIRST = "东南北中安平永宁和康泰丰华文明清云青金银玉石林松"
PLACE = "江河湖海山川原岭州阳城源泉港湾岛峰谷溪潭"
BRAND_FIRST = "天恒瑞宏鸿博远星晨旭辉腾骏驰众联同汇聚凯振升耀昌盛茂森源信诚"
BRAND_SECOND = "达科能维特纳创锐拓信泽润峰航宇晟景卓越优佳冠邦力德基元成"

# Words that few names hold; their characters stand in no other.
RARE = [
    "鲲鹏",
    "麒麟",
    "凤凰",
    "鸳鸯",
    "蜻蜓",
    "蝴蝶",
    "玫瑰",
    "葡萄",
    "橄榄",
    "琥珀",
    "珊瑚",
    "翡翠",
]
# Words that many names hold.
COMMON = [
    "电池",
    "材料",
    "储能",
    "设备",
    "石墨",
    "电解",
    "回收",
    "隔膜",
    "模组",
    "车用",
    "铜箔",
    "检测",
]

STREAMS = [
    ("upstream", "上游", "Upstream"),
    ("materials", "材料", "Materials"),
    ("cells", "电芯", "Cells"),
    ("downstream", "下游", "Downstream"),
    ("recycling", "循环", "Recycling"),
    ("support", "支撑", "Support"),
]
# Code, stream (counted from 1), name, English name, unit (counted from 1; 0: none).
SEGMENTS = [
    ("U1", 1, "矿石采选", "Mining", 1),
    ("U2", 1, "化工原料", "Chemicals", 1),
    ("M1", 2, "正极材料", "Cathode materials", 1),
    ("M2", 2, "负极材料", "Anode materials", 1),
    ("M3", 2, "隔膜", "Separators", 2),
    ("M4", 2, "电解液", "Electrolyte", 1),
    ("M5", 2, "箔材", "Foils", 1),
    ("B1", 3, "电芯", "Cells", 3),
    ("B2", 3, "电池包", "Battery packs", 3),
    ("D1", 4, "电动车辆", "Electric vehicles", 4),
    ("D2", 4, "储能", "Storage", 3),
    ("R1", 5, "回收利用", "Recycling", 1),
    ("X1", 6, "专用设备", "Equipment", 4),
    ("X2", 6, "检测服务", "Testing", 0),
]
# Name, English name, factor.
UNITS = [
    ("万吨", "t", 10_000),
    ("亿平方米", "m²", 100_000_000),
    ("吉瓦时", "GWh", 1),
    ("台", "units", 1),
    ("亿元", "CNY", 100_000_000),
    ("个", "", 1),
]
# Product, English product, segment (counted from 1; 0: none stated).
PRODUCTS = [
    ("石墨矿石", "graphite ore", 1),
    ("萤石精粉", "fluorspar", 1),
    ("碳酸酯溶剂", "carbonate solvents", 2),
    ("磷酸铁", "iron phosphate", 2),
    ("三元正极材料", "ternary cathode material", 3),
    ("磷酸盐正极材料", "phosphate cathode material", 3),
    ("人造石墨", "artificial graphite", 4),
    ("硅碳负极材料", "silicon-carbon anode material", 4),
    ("湿法隔膜", "wet-process separators", 5),
    ("涂覆隔膜", "coated separators", 5),
    ("电解液", "electrolyte", 6),
    ("电解液添加剂", "electrolyte additives", 6),
    ("铜箔", "copper foil", 7),
    ("铝箔", "aluminium foil", 7),
    ("动力电池", "traction batteries", 8),
    ("固态电池", "solid-state batteries", 8),
    ("钠离子电池", "sodium-ion batteries", 8),
    ("电池模组", "battery modules", 9),
    ("车用电池包", "battery packs for vehicles", 9),
    ("电动叉车", "electric forklifts", 10),
    ("电动客车", "electric buses", 10),
    ("储能系统", "storage systems", 11),
    ("储能电站", "storage stations", 11),
    ("电池回收", "battery recycling", 12),
    ("材料再生", "recovery of materials", 12),
    ("涂布设备", "coating machines", 13),
    ("检测设备", "testing machines", 13),
    ("检测平台", "testing platform", 14),
    ("工业园区", "industrial park", 0),
]
# What companies trade in, and the same in English.
TRADES = [
    ("新材料", "New Materials"),
    ("新能源", "New Energy"),
    ("电池", "Batteries"),
    ("科技", "Technology"),
    ("装备", "Machinery"),
    ("化工", "Chemicals"),
]
SUFFIXES = [("项目", "project"), ("生产线项目", "production line"), ("建设项目", "works")]
PHASE = ("二期项目", "phase 2")

# How many of a hundred projects have this life.
LIVES: list[tuple[int, list[str]]] = [
    (7, [Stage.RESERVE]),
    (6, [Stage.RESERVE, Stage.NEGOTIATING]),
    (11, [Stage.NEGOTIATING, Stage.SIGNED]),
    (11, [Stage.NEGOTIATING, Stage.SIGNED, Stage.PREPARING]),
    (22, [Stage.SIGNED, Stage.PREPARING, Stage.BUILDING]),
    (9, [Stage.SIGNED, Stage.BUILDING, Stage.COMPLETED]),
    (13, [Stage.SIGNED, Stage.BUILDING, Stage.COMPLETED, Stage.PRODUCING]),
    (
        7,
        [
            Stage.NEGOTIATING,
            Stage.SIGNED,
            Stage.BUILDING,
            Stage.COMPLETED,
            Stage.PRODUCING,
            Stage.FULL,
        ],
    ),
    (3, [Stage.SIGNED, Stage.BUILDING, Stage.SUSPENDED]),
    (3, [Stage.NEGOTIATING, Stage.CANCELLED]),
    (1, [Stage.BUILDING, Stage.PRODUCING, Stage.IDLE]),
    (1, [Stage.PRODUCING, Stage.IDLE, Stage.CLOSED]),
    (4, [Stage.UNKNOWN]),
    (2, []),
]

# Address, name, English name, unit (counted from 1), nature, stage that it counts.
INDICATORS = [
    ("output", "产值", "Output value", 5, "flow", ""),
    ("building", "在建项目数", "Projects under construction", 6, "stock", Stage.BUILDING.value),
    ("signed", "签约项目数", "Projects signed", 6, "stock", Stage.SIGNED.value),
]

BRANDS = [first + second for second in BRAND_SECOND for first in BRAND_FIRST]
# Amounts and quantities, with one and with no decimal.
QUANTITIES = [f"{tenths / 10:g}" for tenths in range(5, 500, 3)]
_FIRST_DAY = date(2012, 1, 1)
DAYS = [
    (_FIRST_DAY + timedelta(number)).isoformat()
    for number in range((date(2026, 6, 30) - _FIRST_DAY).days)
]
CLOCK = [f" {minute // 60:02}:{minute % 60:02}:{minute * 37 % 60:02}" for minute in range(1440)]


def _last_days() -> list[tuple[str, str]]:
    """Due dates with their precision: the last days of months, quarters and years."""
    found = []
    for year in range(2021, 2031):
        for month in range(1, 13):
            last = f"{year}-{month:02}-{monthrange(year, month)[1]}"
            found.append((last, "month"))
            if month % 3 == 0:
                found.append((last, "quarter"))
        found.append((f"{year}-12-31", "year"))
    return found


DUE = _last_days()
