/* Today's index against the typical band of such a day; asked for once a minute, drawn on a canvas. */
(function () {
  "use strict";
  const app = window.citybrain;
  const WINDOW_S = 300, DAY_S = 86400, ASK_EVERY_MS = 60000;
  const FAMILY = '"CB Sans", "CB Sans All", "Noto Sans SC", sans-serif';

  app.onAppear("#trend", (element) => {
    const canvas = document.createElement("canvas");
    element.appendChild(canvas);
    const setup = JSON.parse(document.getElementById("wall").dataset.setup), T = setup.texts;
    const age = document.getElementById("trend-age");
    let today = null, typical = null, answeredAt = null, failed = false, midnightMs = 0, askedAt = -Infinity, asking = false;

    async function ask(snapshot) {
      asking = true;
      askedAt = performance.now();
      const start = Date.parse(snapshot.day.date + "T00:00:00Z") - snapshot.day.utc_offset_s * 1000;
      const place = `kind=city&id=${encodeURIComponent(setup.city_id)}`;
      const end = encodeURIComponent(new Date(Date.parse(snapshot.sent_at) + WINDOW_S * 1000).toISOString());
      try {
        const answers = await Promise.all([
          fetch(`/api/v1/history?${place}&window_s=${WINDOW_S}&start=${encodeURIComponent(new Date(start).toISOString())}&end=${end}`),
          fetch(`/api/v1/typical?${place}&date=${snapshot.day.date}`),
        ]);
        if (!answers.every((answer) => answer.ok)) throw new Error("history");
        [today, typical] = [(await answers[0].json()).windows, await answers[1].json()];
        midnightMs = start;
        answeredAt = performance.now();
        failed = false;
      } catch (error) {
        failed = true; /* the last curve stays, with its age */
        askedAt = performance.now() - ASK_EVERY_MS + 10000;
      }
      asking = false;
      draw();
    }

    function draw() {
      const width = element.clientWidth, height = element.clientHeight, ratio = window.devicePixelRatio || 1;
      if (!width || !height) return;
      canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
      const pen = canvas.getContext("2d"), unit = parseFloat(getComputedStyle(age).fontSize) / 1.8;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      const style = getComputedStyle(element), colour = (name) => style.getPropertyValue(name).trim();
      const left = 3.2 * unit, right = width - 0.6 * unit, top = 1.2 * unit, bottom = height - 2.7 * unit;
      const points = today ? today.window_start.map((at, i) => [
        (Date.parse(at) - midnightMs) / 1000 + WINDOW_S / 2, today.traffic_performance_index[i]]) : [];
      const bands = typical && typical.slot ? typical.slot.map((slot, i) => [
        slot * WINDOW_S + WINDOW_S / 2, typical.tpi_p10[i], typical.tpi_p90[i], typical.tpi_p50[i]]).filter((b) => b[1] !== null && b[2] !== null) : [];
      const highest = Math.max(4, ...points.map((p) => p[1] || 0), ...bands.map((b) => b[2]));
      const ceiling = Math.min(10, Math.ceil(highest / 2) * 2);
      const X = (second) => left + (second / DAY_S) * (right - left), Y = (value) => bottom - (value / ceiling) * (bottom - top);

      pen.font = `400 ${1.8 * unit}px ${FAMILY}`;
      pen.textBaseline = "middle"; pen.lineWidth = Math.max(1, 0.1 * unit);
      for (let value = 0; value <= ceiling; value += 2) {
        pen.strokeStyle = colour("--line"); pen.beginPath(); pen.moveTo(left, Y(value)); pen.lineTo(right, Y(value)); pen.stroke();
        pen.fillStyle = colour("--text-3"); pen.textAlign = "right"; pen.fillText(String(value), left - 0.7 * unit, Y(value));
      }
      pen.textBaseline = "top";
      for (let hour = 0; hour <= 24; hour += 6) {
        pen.textAlign = hour === 0 ? "left" : hour === 24 ? "right" : "center";
        pen.fillText(`${String(hour).padStart(2, "0")}:00`, X(hour * 3600), bottom + 0.5 * unit);
      }
      if (bands.length) {
        pen.beginPath();
        bands.forEach((b, i) => (i ? pen.lineTo(X(b[0]), Y(b[2])) : pen.moveTo(X(b[0]), Y(b[2]))));
        [...bands].reverse().forEach((b) => pen.lineTo(X(b[0]), Y(b[1])));
        pen.closePath(); pen.fillStyle = colour("--band"); pen.fill();
        pen.beginPath();
        bands.forEach((b, i) => (i ? pen.lineTo(X(b[0]), Y(b[3])) : pen.moveTo(X(b[0]), Y(b[3]))));
        pen.setLineDash([0.7 * unit, 0.6 * unit]); pen.lineWidth = 0.16 * unit; pen.strokeStyle = colour("--text-3"); pen.stroke(); pen.setLineDash([]);
      }
      pen.beginPath();
      let before = null;
      points.forEach(([second, value]) => {
        if (value === null) { before = null; return; }
        if (before === null || second - before > WINDOW_S * 1.5) pen.moveTo(X(second), Y(value));
        else pen.lineTo(X(second), Y(value));
        before = second;
      });
      pen.lineWidth = 0.42 * unit; pen.lineJoin = "round"; pen.lineCap = "round"; pen.strokeStyle = colour("--text"); pen.stroke();
      const last = points.filter((p) => p[1] !== null).pop();
      if (last) {
        pen.beginPath(); pen.arc(X(last[0]), Y(last[1]), 0.65 * unit, 0, 2 * Math.PI); pen.fillStyle = colour("--text"); pen.fill();
      }
      const note = !points.length && (failed || answeredAt !== null) ? (failed ? T.store_unavailable : T.no_history_today) : "";
      if (note) {
        pen.font = `400 ${2.4 * unit}px ${FAMILY}`; pen.textAlign = "center"; pen.textBaseline = "middle"; pen.fillStyle = colour("--text-3");
        pen.fillText(note, (left + right) / 2, (top + bottom) / 2);
      }
      element.dataset.points = String(points.length);
    }

    function beat() {
      if (answeredAt !== null) {
        const seconds = Math.round((performance.now() - answeredAt) / 1000);
        age.textContent = seconds < 120 ? `${seconds} ${T.second}${setup.language === "en" ? " " : ""}${T.ago}` : `${Math.round(seconds / 60)} ${T.minute}${setup.language === "en" ? " " : ""}${T.ago}`;
      } else age.textContent = failed ? T.store_unavailable : "";
      age.className = `age ${failed || (answeredAt !== null && performance.now() - answeredAt > 180000) ? "late" : ""}`;
    }

    app.live.listen((snapshot) => { if (!asking && performance.now() - askedAt > ASK_EVERY_MS) ask(snapshot); });
    setInterval(beat, 1000);
    new ResizeObserver(draw).observe(element);
    document.fonts.ready.then(draw);
  });
})();
