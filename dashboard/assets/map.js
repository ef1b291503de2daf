/* The city map: plain Canvas 2D. Roads are projected once per size and stroked in batches per level;
   names sit on a second canvas that is drawn only when the size changes. */
(function () {
  "use strict";
  const app = window.citybrain;
  const LEVEL_WIDTH = [0.3, 0.24, 0.24, 0.42, 0.6, 0.86];
  const CLASS_GROUP = { freeway: 0, expressway: 0, arterial: 1, collector: 2, local: 3, ramp: 3 };
  const GROUP_WIDTH = [1.4, 1.1, 0.9, 0.75];
  const TWO_WAY_SHIFT = 0.27;

  function colours(element) {
    const style = getComputedStyle(element), get = (name) => style.getPropertyValue(name).trim();
    return {
      level: [0, 1, 2, 3, 4, 5].map((level) => get("--level-" + level)),
      map: get("--map"), text: get("--text"), text2: get("--text-2"), text3: get("--text-3"),
    };
  }

  /* Fits the drawing into the box. Longitudes shrink with latitude; a schematic city is drawn as it is. */
  function projection(city, width, height, pad) {
    let west = Infinity, east = -Infinity, south = Infinity, north = -Infinity;
    const see = ([lon, lat]) => {
      west = Math.min(west, lon); east = Math.max(east, lon); south = Math.min(south, lat); north = Math.max(north, lat);
    };
    city.segments.forEach((segment) => segment.line.forEach(see));
    if (west > east) return null;
    const squeeze = city.schematic ? 1 : Math.cos(((south + north) / 2) * Math.PI / 180);
    const spanX = Math.max((east - west) * squeeze, 1e-9), spanY = Math.max(north - south, 1e-9);
    const boxX = width - pad.left - pad.right, boxY = height - pad.top - pad.bottom;
    const scale = Math.min(boxX / spanX, boxY / spanY);
    const left = pad.left + (boxX - spanX * scale) / 2, top = pad.top + (boxY - spanY * scale) / 2;
    return ([lon, lat]) => [left + (lon - west) * squeeze * scale, top + (north - lat) * scale];
  }

  /* The line moved to the right of its direction, so that both directions of a road are seen. */
  function shifted(points, distance) {
    return points.map((point, i) => {
      const before = points[Math.max(i - 1, 0)], after = points[Math.min(i + 1, points.length - 1)];
      const dx = after[0] - before[0], dy = after[1] - before[1], length = Math.hypot(dx, dy) || 1;
      return [point[0] - (dy / length) * distance, point[1] + (dx / length) * distance];
    });
  }

  function canvasIn(element) {
    const canvas = document.createElement("canvas");
    element.appendChild(canvas);
    return canvas;
  }

  function sized(canvas, width, height, ratio) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    return pen;
  }

  app.onAppear(".city-map", (element) => {
    const roads = canvasIn(element), names = canvasIn(element);
    const focus = element.dataset.kind ? { kind: element.dataset.kind, id: element.dataset.id } : null;
    const language = (element.closest("[lang]") || document.documentElement).lang === "en" ? "en" : "zh";
    let city = null, lines = [], inFocus = null, levels = null, order = "", unit = 10, pen = null, palette = null;

    function layOut() {
      const width = element.clientWidth, height = element.clientHeight;
      if (!city || !width || !height) return;
      const ratio = window.devicePixelRatio || 1;
      unit = focus ? Math.min(width, height) / 60 : Math.min(height / 88, width / 104);
      const pad = focus
        ? { left: 2 * unit, right: 2 * unit, top: 2 * unit, bottom: 2 * unit }
        : { left: 4 * unit, right: 4 * unit, top: 6.5 * unit, bottom: 7 * unit };
      palette = colours(element);
      const project = projection(city, width, height, pad);
      pen = sized(roads, width, height, ratio);
      const namePen = sized(names, width, height, ratio);
      if (!project) return;
      lines = city.segments.map((segment) => {
        const line = segment.line.map(project);
        return segment.two_way ? shifted(line, TWO_WAY_SHIFT * unit) : line;
      });
      inFocus = focus && focus.kind !== "city" ? focusMask(city, focus) : null;
      if (element.dataset.labels === "all") app.drawNames(namePen, city, lines, project, { unit, palette, language, width, height });
      draw();
    }

    function strokeBatch(members, width, colour, dash) {
      pen.lineWidth = width; pen.strokeStyle = colour; pen.setLineDash(dash);
      pen.beginPath();
      for (const i of members) {
        const line = lines[i];
        pen.moveTo(line[0][0], line[0][1]);
        for (let j = 1; j < line.length; j += 1) pen.lineTo(line[j][0], line[j][1]);
      }
      pen.stroke();
    }

    function draw() {
      if (!pen || !lines.length) return;
      const count = lines.length, batches = new Map();
      for (let i = 0; i < count; i += 1) {
        const level = levels && i < levels.length ? levels[i] : 0;
        const group = CLASS_GROUP[city.segments[i].road_class] ?? 2;
        const dim = inFocus && !inFocus[i] ? 1 : 0;
        const key = dim * 100 + level * 10 + (3 - group);
        if (!batches.has(key)) batches.set(key, []);
        batches.get(key).push(i);
      }
      pen.clearRect(0, 0, roads.width, roads.height);
      pen.lineCap = "round"; pen.lineJoin = "round";
      const keys = [...batches.keys()].sort((a, b) => (b >= 100) - (a >= 100) || a - b);
      for (const key of keys) {
        const dim = key >= 100, level = Math.floor((key % 100) / 10), group = 3 - (key % 10);
        const width = LEVEL_WIDTH[level] * GROUP_WIDTH[group] * unit * (focus ? (dim ? 0.5 : focus.kind === "city" ? 0.8 : 1.3) : 1);
        pen.globalAlpha = dim ? 0.4 : 1;
        pen.lineCap = level === 0 ? "butt" : "round";
        if (level === 5) strokeBatch(batches.get(key), width + 0.5 * unit, palette.map, []);
        strokeBatch(batches.get(key), width, palette.level[dim ? Math.min(level, 1) : level], level === 0 ? [0.7 * unit, 0.7 * unit] : []);
      }
      pen.globalAlpha = 1;
      element.dataset.drawn = String(Number(element.dataset.drawn || 0) + 1);
    }

    function load(fresh) {
      app.geometry(fresh).then((loaded) => { city = loaded; order = loaded.order; layOut(); })
        .catch(() => setTimeout(() => load(true), 3000));
    }

    app.live.listen((snapshot) => {
      if (city && snapshot.segments.order !== order) { order = snapshot.segments.order; load(true); }
      levels = app.bytes(snapshot.segments.levels);
      element.dataset.coloured = String(levels.reduce((sum, level) => sum + (level > 0), 0));
      element.dataset.congested = String(levels.reduce((sum, level) => sum + (level > 3), 0));
      draw();
    });
    new ResizeObserver(layOut).observe(element);
    if (document.fonts && document.fonts.ready) document.fonts.ready.then(layOut);
    document.fonts && document.fonts.addEventListener && document.fonts.addEventListener("loadingdone", layOut);
    load(false);
    app.live.start();
  });

  function focusMask(city, focus) {
    const corridor = focus.kind === "corridor" && city.corridors.find((c) => c.id === focus.id);
    const wanted = new Set(corridor ? corridor.segment_ids : []);
    return city.segments.map((segment) =>
      focus.kind === "segment" ? segment.id === focus.id
        : focus.kind === "district" ? segment.district_id === focus.id
          : wanted.has(segment.id));
  }
})();
