/* The wall: snapshots become text, and silence becomes visible. The ages are those the server computed,
   carried on by this browser's monotonic clock, so that a wrong clock on the wall PC changes nothing. */
(function () {
  "use strict";
  const app = window.citybrain;
  const FRESH = 2, STALE = 5;

  app.onAppear("#wall", (wall) => {
    const setup = JSON.parse(wall.dataset.setup), T = setup.texts, language = setup.language === "en" ? "en" : "zh";
    const find = (id) => document.getElementById(id);
    const put = (id, text) => { const element = find(id); if (element && element.textContent !== text) element.textContent = text; };
    const levelColour = (level) => `var(--level-${level})`;
    let names = { corridor: new Map(), district: new Map() }, coloured = false;

    const fixed = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));
    /* A difference that rounds to zero is none: no sign, no arrow. */
    const marked = (value, digits, up, down) => {
      const shown = Number(value.toFixed(digits));
      return shown > 0 ? up : shown < 0 ? down : "";
    };
    const signed = (value, digits) => marked(value, digits, "+", "−") + Math.abs(value).toFixed(digits);
    const unsure = (area) => area.coverage !== null && area.coverage < setup.sure_coverage;
    const percent = (ratio) => `${Math.round(ratio * 100)}%`;
    const indexOf = (area) => (area.index !== null && unsure(area) ? "~" : "") + fixed(area.index, 1);
    const spell = (seconds) => {
      const s = Math.max(0, Math.round(seconds));
      if (s < 120) return `${s} ${T.second}`;
      if (s < 7200) return `${Math.round(s / 60)} ${T.minute}`;
      return `${Math.round(s / 3600)} ${T.hour}`;
    };
    const ago = (seconds) => `${spell(seconds)}${language === "en" ? " " : ""}${T.ago}`;
    const clockOf = (epochMs, offsetS) => new Date(epochMs + offsetS * 1000).toISOString().slice(11, 19);

    app.geometry().then((city) => {
      city.corridors.forEach((place) => names.corridor.set(place.id, place.name));
      city.districts.forEach((place) => names.district.set(place.id, place.name));
      const latest = app.live.latest();
      if (latest) show(latest);
    }).catch(() => undefined);
    const nameOf = (kind, id) => { const name = names[kind].get(id); return name ? name[language] || name.zh : id; };

    function showIndex(city) {
      put("index-value", indexOf(city));
      find("index-value").classList.toggle("unsure", city.index !== null && unsure(city));
      const word = find("index-word");
      const spelled = document.createElement("span");
      const other = { stale: T.state_stale, low_coverage: T.low_coverage }[city.state];
      spelled.textContent = other || T["level_" + city.level];
      spelled.style.width = spelled.textContent.length === 3 ? "3em" : "";
      word.replaceChildren(spelled);
      word.style.borderLeftColor = levelColour(city.level);
      const covered = unsure(city) ? `${T.coverage_short} ${percent(city.coverage)}` : "";
      const beside = covered || (other ? "" : setup.glosses["level_" + city.level]);
      if (beside) {
        const small = document.createElement("span");
        small.className = "gloss"; small.lang = covered ? "" : "en"; small.textContent = beside;
        word.appendChild(small);
      }
      compare("index-typical", city.index, city.typical && city.typical.p50, 1, true);
      put("speed-value", fixed(city.speed_kmh, 1));
      compare("speed-typical", city.speed_kmh, city.typical && city.typical.speed_kmh, 1, false);
      const digits = city.congested_km !== null && city.congested_km >= 100 ? 0 : 1;
      put("congested-value", fixed(city.congested_km, digits));
      compare("congested-typical", city.congested_km, city.typical && city.typical.congested_km, digits, false);
      ["index", "speed", "congested"].forEach((name) => find(name + "-panel").classList.toggle("stale", city.state === "stale"));
    }

    function compare(id, value, typical, digits, withDifference) {
      if (typical === null || typical === undefined) return put(id, `${T.typical} –`);
      if (value === null || value === undefined) return put(id, `${T.typical} ${fixed(typical, digits)}`);
      const arrow = marked(value - typical, digits, "▲", "▼");
      const size = withDifference ? Math.abs(value - typical).toFixed(digits) + " · " : arrow && " ";
      return put(id, `${arrow}${size}${T.typical} ${fixed(typical, digits)}`);
    }

    function showCorridors(corridors) {
      const shown = corridors.filter((corridor) => corridor.index !== null && corridor.state !== "stale");
      document.querySelectorAll(".corridor-row").forEach((row, i) => {
        const corridor = shown[i];
        row.classList.toggle("empty", !corridor);
        if (!corridor) return;
        row.querySelector(".row-name").textContent = nameOf("corridor", corridor.id);
        const fill = row.querySelector(".bar-fill");
        fill.style.width = `${Math.min(corridor.index, 10) * 10}%`;
        fill.style.background = levelColour(corridor.level);
        row.querySelector(".row-index").textContent = indexOf(corridor);
        const median = corridor.typical ? corridor.typical.p50 : null, delta = row.querySelector(".row-delta");
        delta.textContent = unsure(corridor) ? `${T.coverage_short} ${percent(corridor.coverage)}`
          : median === null ? "–" : signed(corridor.index - median, 1);
        delta.classList.toggle("covered", unsure(corridor));
      });
      nothing("corridors", shown.length ? "" : setup.has_corridors ? T.no_values : T.no_corridors);
    }

    function showDistricts(districts) {
      const shown = districts.filter((d) => d.index !== null || d.state === "low_coverage")
        .sort((a, b) => (b.index ?? -1) - (a.index ?? -1));
      document.querySelectorAll(".district-cell").forEach((cell, i) => {
        const district = shown[i];
        cell.classList.toggle("empty", !district);
        if (!district) return;
        cell.querySelector(".row-name").textContent = nameOf("district", district.id).replace(/ District$/, "");
        const index = cell.querySelector(".row-index");
        index.textContent = indexOf(district);
        if (unsure(district)) {
          const small = document.createElement("span");
          small.className = "covered"; small.textContent = percent(district.coverage);
          index.appendChild(small);
        }
        cell.querySelector(".dot").style.background = levelColour(district.level);
      });
    }

    function nothing(id, text) {
      const host = find(id);
      let note = host.querySelector(".nothing");
      if (!text) { if (note) note.remove(); return; }
      if (!note) { note = document.createElement("div"); note.className = "nothing"; host.appendChild(note); }
      note.textContent = text;
    }

    function showFooter(snapshot) {
      const feeds = snapshot.feeds, lag = snapshot.lag.lag_s;
      const figure = (id, caption, value, bad) => {
        const element = find(id);
        element.textContent = value === "" ? "" : caption + " ";
        if (value !== "") { const strong = document.createElement("b"); strong.textContent = value; element.appendChild(strong); }
        element.classList.toggle("bad", Boolean(bad));
      };
      const rate = feeds.accepted_per_minute;
      figure("foot-rate", T.observations_per_minute, rate === null ? "–" : rate.toLocaleString("en"), rate === 0);
      const coverage = snapshot.city.coverage;
      figure("foot-coverage", T.coverage, coverage === null ? "–" : `${Math.round(coverage * 100)}%`, coverage !== null && coverage < 0.8);
      figure("foot-refused", T.refused, feeds.refused_total.toLocaleString("en"), false);
      figure("foot-lag", T.processing_lag, lag === null ? "–" : `${lag.toFixed(lag < 10 ? 1 : 0)} s`, lag !== null && lag > 30);
      const history = snapshot.history;
      const note = history.state === "building" ? `${T.history_building} ${Math.round(history.share * 100)}%` : history.state === "unavailable" ? T.history_unavailable : "";
      figure("foot-history", "", note, history.state === "unavailable");
    }

    function show(snapshot) {
      coloured = app.bytes(snapshot.segments.levels).some((level) => level > 0);
      const day = snapshot.day, weekday = (new Date(day.date + "T00:00:00Z").getUTCDay() + 6) % 7;
      const [, month, date] = day.date.split("-").map(Number);
      const spelled = language === "en" ? `${T["weekday_" + weekday]} ${day.date}` : `${month}月${date}日 ${T["weekday_" + weekday]}`;
      put("day", `${spelled} · ${T[day.day_type] || day.day_type}`);
      showIndex(snapshot.city);
      showCorridors(snapshot.corridors);
      showDistricts(snapshot.districts);
      showFooter(snapshot);
      beat();
    }

    function stateNow(snapshot) {
      if (app.live.lost()) return "lost";
      if (!snapshot) return "starting";
      if (snapshot.data_age_s === null || snapshot.state === "down") return snapshot.state;
      const age = snapshot.data_age_s + app.live.sinceReceiptS();
      return age <= FRESH * snapshot.period_s ? "live" : age <= STALE * snapshot.period_s ? "late" : "stale";
    }

    /* Every second, whether or not anything came: clock, ages, banner. */
    function beat() {
      const snapshot = app.live.latest(), state = stateNow(snapshot);
      wall.dataset.state = state;
      const waiting = state === "starting" && Boolean(snapshot) && !coloured;
      wall.dataset.alarm = String(["lost", "stale", "down"].includes(state) || waiting);
      find("state").dataset.state = state;
      put("state-word", state === "lost" ? T.banner_lost : T["state_" + state]);
      if (!snapshot) return put("banner", state === "lost" ? T.banner_lost : T.banner_starting);
      const since = app.live.sinceReceiptS(), offset = snapshot.day.utc_offset_s, sent = Date.parse(snapshot.sent_at);
      put("clock", clockOf(sent + since * 1000, offset));
      const age = snapshot.data_age_s === null ? null : snapshot.data_age_s + since;
      put("data-age", age === null ? "" : `${T.data} ${ago(age)}`);
      const mood = age === null || age <= FRESH * snapshot.period_s ? "" : age <= STALE * snapshot.period_s ? "late" : "stale";
      ["map-age", "index-age", "corridors-age", "districts-age"].forEach((id) => {
        const place = find(id);
        if (!place) return;
        put(id, age === null ? "" : ago(age));
        place.className = `age ${mood}`;
      });
      const picture = snapshot.data_at ? clockOf(Date.parse(snapshot.data_at), offset) : "–";
      const words = state === "lost" ? `${T.banner_lost} ${spell(since)} · ${T.banner_picture_of} ${clockOf(sent, offset)}`
        : state === "stale" ? `${T.banner_stale} ${spell(age)} · ${T.banner_picture_of} ${picture}`
          : state === "down" ? `${T.banner_down} ${spell(snapshot.lag.stream_silent_s + since)} · ${T.banner_picture_of} ${picture}`
            : T.banner_starting;
      return put("banner", words);
    }

    app.live.listen(show);
    app.live.start();
    setInterval(beat, 1000);
  });
})();
