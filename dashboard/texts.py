"""Every word the pages show, in Chinese and English, in one place.

A page asks for a key in a language; `both` is Chinese with the English gloss beside it.
"""

from __future__ import annotations

from models.city import Name

LANGUAGES = ("zh", "en", "both")

LEVEL_KEYS = ("level_0", "level_1", "level_2", "level_3", "level_4", "level_5")

TEXTS: dict[str, Name] = {
    # the wall
    "wall_title": Name("交通运行监测", "Live traffic"),
    "map": Name("路网", "Road network"),
    "index": Name("拥堵指数", "Performance index (TPI)"),
    "mean_speed": Name("平均速度", "Speed"),
    "congested_length": Name("拥堵里程", "Congested"),
    "typical": Name("典型", "Typical"),
    "today_curve": Name("今日指数与典型区间", "Today and typical P10–P90"),
    "worst_corridors": Name("最堵走廊", "Worst corridors"),
    "districts": Name("分区指数", "Districts"),
    "no_corridors": Name("未定义走廊", "No corridors are defined"),
    "no_values": Name("尚无数据", "No values yet"),
    "no_history_today": Name("今日暂无历史曲线", "No history of today yet"),
    "level_0": Name("无数据", "No data"),
    "level_1": Name("畅通", "Free flow"),
    "level_2": Name("基本畅通", "Mostly free"),
    "level_3": Name("轻度拥堵", "Light"),
    "level_4": Name("中度拥堵", "Moderate"),
    "level_5": Name("严重拥堵", "Severe"),
    "legend_0": Name("无数据/陈旧", "No data / stale"),
    "legend_1": Name("畅通", "Free"),
    "legend_2": Name("基本畅通", "Mostly free"),
    "legend_3": Name("轻度", "Light"),
    "legend_4": Name("中度", "Moderate"),
    "legend_5": Name("严重", "Severe"),
    "data": Name("数据", "Data"),
    "ago": Name("前", "ago"),
    "second": Name("秒", "s"),
    "minute": Name("分", "min"),
    "hour": Name("小时", "h"),
    "state_starting": Name("正在启动", "Starting"),
    "state_live": Name("实时", "Live"),
    "state_late": Name("延迟", "Late"),
    "state_stale": Name("陈旧", "Stale"),
    "state_down": Name("数据流中断", "Stream down"),
    "banner_lost": Name("与服务器断开", "Connection to the server lost"),
    "banner_picture_of": Name("画面为", "picture of"),
    "banner_stale": Name("数据陈旧", "Data is stale"),
    "banner_down": Name("数据流中断", "The data stream is silent"),
    "banner_starting": Name("正在等待第一批数据", "Waiting for the first data"),
    "observations_per_minute": Name("观测/分", "obs/min"),
    "refused": Name("拒收", "Refused"),
    "late_count": Name("迟到", "Late"),
    "duplicate_count": Name("重复", "Duplicate"),
    "accepted": Name("接收", "Accepted"),
    "coverage": Name("覆盖率", "Coverage"),
    "coverage_short": Name("覆盖", "cov."),
    "low_coverage": Name("覆盖不足", "Low coverage"),
    "processing_lag": Name("处理滞后", "Lag"),
    "synthetic": Name("演示数据", "Synthetic data"),
    "schematic": Name("示意布局", "Schematic layout"),
    "history_building": Name("历史生成中", "Building history"),
    "history_unavailable": Name("历史库不可用", "History unavailable"),
    "history_ready": Name("历史库正常", "History ready"),
    # days
    "workday": Name("工作日", "Workday"),
    "saturday": Name("周六模式", "Saturday profile"),
    "sunday": Name("周日模式", "Sunday profile"),
    "holiday": Name("节假日模式", "Holiday profile"),
    "weekday_0": Name("周一", "Mon"),
    "weekday_1": Name("周二", "Tue"),
    "weekday_2": Name("周三", "Wed"),
    "weekday_3": Name("周四", "Thu"),
    "weekday_4": Name("周五", "Fri"),
    "weekday_5": Name("周六", "Sat"),
    "weekday_6": Name("周日", "Sun"),
    # kinds of places
    "city": Name("全市", "City"),
    "district": Name("分区", "District"),
    "corridor": Name("走廊", "Corridor"),
    "segment": Name("路段", "Segment"),
    "freeway": Name("高速公路", "Freeway"),
    "expressway": Name("快速路", "Expressway"),
    "arterial": Name("主干路", "Arterial"),
    "collector": Name("次干路", "Collector"),
    "local": Name("支路", "Local road"),
    "ramp": Name("匝道", "Ramp"),
    # the analyst page
    "analyst_title": Name("交通分析", "Analyst"),
    "range": Name("时间范围", "Time range"),
    "preset_3h": Name("最近 3 小时", "Last 3 hours"),
    "preset_24h": Name("最近 24 小时", "Last 24 hours"),
    "preset_7d": Name("最近 7 天", "Last 7 days"),
    "preset_28d": Name("最近 28 天", "Last 28 days"),
    "preset_custom": Name("自选", "Chosen days"),
    "window": Name("统计间隔", "Window"),
    "window_60": Name("1 分钟", "1 min"),
    "window_300": Name("5 分钟", "5 min"),
    "trend": Name("变化曲线", "Trend"),
    "trend_tpi": Name("拥堵指数 TPI", "Performance index TPI"),
    "trend_tti": Name("行程时间指数 TTI", "Travel time index TTI"),
    "typical_band": Name("典型区间 P10–P90", "Typical P10–P90"),
    "typical_median": Name("典型中位数", "Typical median"),
    "children_districts": Name("各分区", "Districts"),
    "children_corridors": Name("各走廊", "Corridors"),
    "children_segments": Name("各路段", "Segments"),
    "place": Name("地点", "Place"),
    "level": Name("等级", "Level"),
    "speed_kmh": Name("速度 km/h", "Speed km/h"),
    "tpi": Name("TPI", "TPI"),
    "tti": Name("TTI", "TTI"),
    "delta_typical": Name("较典型", "Δ typical"),
    "length_m": Name("长度 m", "Length m"),
    "road_class": Name("道路等级", "Road class"),
    "status": Name("状态", "Status"),
    "status_0": Name("临时", "provisional"),
    "status_1": Name("已发布", "published"),
    "status_2": Name("已修订", "amended"),
    "status_3": Name("最终", "final"),
    "free_flow": Name("自由流速度", "Free flow"),
    "speed_limit": Name("限速", "Speed limit"),
    "lanes": Name("车道", "Lanes"),
    "export_csv": Name("导出 CSV", "Export CSV"),
    "location": Name("位置", "Location"),
    "instead": Name("改为显示", "shown instead:"),
    "window_too_short": Name("此时间范围的窗口过多", "Too many windows for this range"),
    "no_history": Name("该时段没有数据", "No data in this range"),
    "store_unavailable": Name("历史库暂时不可用", "The history cannot be reached now"),
    "now": Name("当前", "Now"),
    "windows_found": Name("个窗口", "windows"),
    "holes": Name("空缺", "missing"),
    "unknown_place": Name("没有这个地点", "No such place"),
    "sort_hint": Name("点击表头排序，点击地点下钻", "Click a heading to sort, a place to drill down"),
    "local_time": Name("当地时间", "local time"),
    # the health page
    "health_title": Name("系统健康", "Health"),
    "feeds": Name("数据源", "Feeds"),
    "partitions": Name("分区处理", "Partitions"),
    "partition": Name("分区号", "Partition"),
    "log_clock": Name("日志时钟", "Log clock"),
    "newest_data": Name("最新数据", "Newest data"),
    "watermark": Name("水位", "Watermark"),
    "lag_s": Name("滞后 s", "Lag s"),
    "data_age_s": Name("数据龄 s", "Data age s"),
    "counter": Name("计数", "Counter"),
    "count": Name("数量", "Count"),
    "refused_by_reason": Name("拒收原因", "Refused by reason"),
    "nothing_refused": Name("没有拒收记录", "Nothing refused"),
    "store": Name("历史库", "History store"),
    "disk_free": Name("磁盘剩余", "Disk free"),
    "history_state": Name("历史状态", "History state"),
    "gap_audit": Name("缺口审计", "Gap audit"),
    "gap_none": Name("无缺口：已入库 = 计入 + 重复 + 迟到", "No gap: stored = counted + duplicate + late"),
    "gap_found": Name("发现缺口", "Gaps found"),
    "gap_range": Name(
        "审计最近 24 小时内入账的位点；账目起点之前的不在审计之列。",
        "Audited are the offsets booked in the last 24 hours; what lies before the books begin is not.",
    ),
    "gap_nothing": Name("最近 24 小时没有入账", "Nothing was booked in the last 24 hours"),
    "log": Name("日志", "Log"),
    "books_begin": Name("账目起点", "Books begin at"),
    "audited_from": Name("审计自", "Audited from"),
    "audited_to": Name("审计至", "Audited to"),
    "promises": Name("运行方式与承诺", "Running mode and promises"),
    "mode_embedded": Name("内嵌模式（单进程）", "Embedded mode (one process)"),
    "mode_grown": Name("集群模式", "Grown mode"),
    "promise_embedded_crash": Name(
        "尚未归档的数据（不超过约 1 秒）会在崩溃时丢失。",
        "What was not yet archived (about 1 s at most) is lost in a crash.",
    ),
    "promise_embedded_restart": Name(
        "启动时由已归档的观测重建未关闭的窗口；停机期间显示为空缺，绝不补填。",
        "At start, open windows are rebuilt from archived observations; the time in between is "
        "shown as a hole and never filled.",
    ),
    "promise_embedded_retention": Name(
        "内嵌消息队列每分区约保留 5 MB；更早而未处理的记录会丢失，并在缺口审计中列出。",
        "The embedded broker keeps about 5 MB a partition; what is older is lost, as the gap audit says.",
    ),
    "promise_local": Name("只监听本机地址，没有登录。", "It listens on this machine only and has no login."),
    "promise_open": Name(
        "监听 {host}，没有登录：能访问该地址的人都能看到这些页面。",
        "It listens on {host} and has no login: whoever reaches that address sees these pages.",
    ),
    "promise_grown_stored": Name(
        "每条被接收的观测至少入库一次、只计入一次。",
        "Every accepted observation is stored at least once and counted once.",
    ),
    "promise_grown_store_down": Name(
        "历史库停机时大屏继续运行。", "When the history is down the wall goes on."
    ),
    "versions": Name("版本", "Versions"),
    "wall_clients": Name("大屏连接", "Wall connections"),
    "stream": Name("数据流", "Stream"),
    "problem": Name("问题", "Problem"),
    "none": Name("无", "none"),
    "rows": Name("行数", "Rows"),
    "table": Name("表", "Table"),
    "updated": Name("更新于", "Updated"),
    # the start page and the frame
    "home": Name("首页", "Home"),
    "page_wall": Name("大屏", "Wall"),
    "page_analyst": Name("分析", "Analyst"),
    "page_health": Name("健康", "Health"),
    "start_wall": Name("全市实时路况，供大屏展示", "The city now, for a wall display"),
    "start_analyst": Name("从全市下钻到路段，查看历史", "From the city down to a segment, with history"),
    "start_health": Name("数据源、滞后、历史库与承诺", "Feeds, lag, the history and what is promised"),
    "start_api": Name("接口说明（OpenAPI）", "API description (OpenAPI)"),
    "not_found": Name("没有这个页面", "No such page"),
    "language": Name("English", "中文"),
}


def text(key: str, language: str) -> str:
    """The text of `key`; `both` reads as Chinese. Unknown keys raise KeyError."""
    name = TEXTS[key]
    return name.en if language == "en" else name.zh


def named(name: Name, language: str) -> str:
    """A place's name in a language; falls back to the other when one is empty."""
    first, second = (name.en, name.zh) if language == "en" else (name.zh, name.en)
    return first or second


def gloss(key: str, language: str) -> str:
    """The small English beside the Chinese, only where both are asked for."""
    return TEXTS[key].en if language == "both" else ""


def known_language(wanted: str | None, default: str = "both") -> str:
    """`wanted` if it is one of LANGUAGES, else `default`."""
    return wanted if wanted in LANGUAGES else default
