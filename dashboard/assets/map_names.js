/* Names on the map: districts wide and quiet, landmarks with a mark, roads along their line.
   A name that would cover another is left out. */
(function () {
  "use strict";
  const app = window.citybrain;
  const HALO = 0.65; /* what is behind a name, maybe a congested road, is still seen */
  const FAMILY = '"CB Sans", "CB Sans All", "Noto Sans SC", "Noto Sans CJK SC", sans-serif';

  const DIRECTION = /(内圈|外圈|出城|进城|[东西南北][行向]|\s+(counter-)?clockwise|\s+(out|in|north|south|east|west)bound)$/;

  app.drawNames = function (pen, city, lines, project, view) {
    const { unit, palette, language, width, height } = view;
    const taken = [
      { left: 0, right: unit * 26, top: 0, bottom: unit * 4.6 },
      { left: 0, right: width, top: height - unit * 4.4, bottom: height },
    ];
    const name = (place) => place.name[language] || place.name.zh;
    const free = (box) => box.left >= unit && box.right <= width - unit && box.top >= unit * 0.5 &&
      !taken.some((other) => box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top);

    function write(text, x, y, colour, halo) {
      pen.lineJoin = "round";
      pen.lineWidth = halo; pen.strokeStyle = palette.map;
      pen.globalAlpha = HALO; pen.strokeText(text, x, y); pen.globalAlpha = 1;
      pen.fillStyle = colour; pen.fillText(text, x, y);
    }

    pen.textBaseline = "middle";
    city.landmarks.forEach((landmark) => {
      const [x, y] = project(landmark.at), size = 2.2 * unit, text = name(landmark);
      pen.font = `400 ${size}px ${FAMILY}`;
      const w = pen.measureText(text).width, mark = 0.55 * unit;
      const places = [
        { left: x + 1.2 * unit, align: "left", dy: 0 }, { left: x - 1.2 * unit - w, align: "left", dy: 0 },
        { left: x - w / 2, align: "left", dy: -1.9 * unit }, { left: x - w / 2, align: "left", dy: 1.9 * unit },
      ];
      for (const place of places) {
        const box = { left: place.left - mark, right: place.left + w + mark, top: y + place.dy - size * 0.6, bottom: y + place.dy + size * 0.6 };
        if (!free(box)) continue;
        taken.push(box, { left: x - unit, right: x + unit, top: y - unit, bottom: y + unit });
        pen.beginPath(); pen.arc(x, y, mark, 0, 2 * Math.PI);
        pen.fillStyle = palette.map; pen.fill();
        pen.lineWidth = 0.22 * unit; pen.strokeStyle = palette.text; pen.setLineDash([]); pen.stroke();
        pen.textAlign = "left";
        write(text, place.left, y + place.dy, palette.text, 0.9 * unit);
        break;
      }
    });

    city.districts.forEach((district) => {
      if (!district.at) return;
      const [x, y] = project(district.at), size = 2.7 * unit, text = name(district).replace(/ District$/, "");
      pen.font = `700 ${size}px ${FAMILY}`;
      pen.letterSpacing = language === "zh" ? `${0.35 * size}px` : `${0.08 * size}px`;
      pen.textAlign = "center";
      const w = pen.measureText(text).width;
      for (const dy of [0, -3.4, 3.4, -6.5, 6.5, -9.5, 9.5].map((step) => step * unit)) {
        const box = { left: x - w / 2 - unit, right: x + w / 2 + unit, top: y + dy - size * 0.7, bottom: y + dy + size * 0.7 };
        if (!free(box)) continue;
        taken.push(box);
        write(text, x, y + dy, palette.text2, 1.1 * unit);
        break;
      }
      pen.letterSpacing = "0px";
    });

    const position = new Map(city.segments.map((segment, i) => [segment.id, i]));
    const written = new Set();
    city.corridors.forEach((corridor) => {
      const text = name(corridor), size = 1.9 * unit;
      const root = text.replace(/[（(].*$/, "").replace(DIRECTION, "").trim();
      if (written.has(root)) return;
      pen.font = `400 ${size}px ${FAMILY}`;
      const w = pen.measureText(root).width;
      const known = corridor.segment_ids.filter((id) => position.has(id)).map((id) => lines[position.get(id)]);
      const spot = connected(known, 1.5 * unit).flatMap((path) => straightSpots(path, w + 2 * unit, unit))
        .sort((a, b) => a.middle - b.middle);
      for (const at of spot) {
        const half = w / 2, cos = Math.abs(Math.cos(at.angle)), sin = Math.abs(Math.sin(at.angle));
        const box = {
          left: at.x - half * cos - size * sin * 0.6, right: at.x + half * cos + size * sin * 0.6,
          top: at.y - half * sin - size * cos * 0.6, bottom: at.y + half * sin + size * cos * 0.6,
        };
        if (!free(box)) continue;
        taken.push(box);
        written.add(root);
        pen.save();
        pen.translate(at.x, at.y); pen.rotate(at.angle);
        pen.textAlign = "center";
        write(root, 0, 0, palette.text2, 0.8 * unit);
        pen.restore();
        break;
      }
    });
  };

  /* Lines joined to paths for as long as each begins where the one before ended. */
  function connected(drawn, tolerance) {
    const paths = [];
    drawn.forEach((line) => {
      const path = paths[paths.length - 1], end = path && path[path.length - 1];
      if (end && Math.hypot(line[0][0] - end[0], line[0][1] - end[1]) <= tolerance) path.push(...line);
      else paths.push([...line]);
    });
    return paths;
  }

  /* Middles of stretches of the path that are straight for at least `needed`; `middle` is 0 in the middle of the path. */
  function straightSpots(path, needed, unit) {
    const spots = [];
    for (let i = 0; i < path.length - 1; i += 1) {
      let j = i + 1;
      while (j < path.length - 1 && Math.hypot(path[j][0] - path[i][0], path[j][1] - path[i][1]) < needed) j += 1;
      const dx = path[j][0] - path[i][0], dy = path[j][1] - path[i][1], chord = Math.hypot(dx, dy);
      if (chord < needed) break;
      let bend = 0;
      for (let k = i + 1; k < j; k += 1) bend = Math.max(bend, Math.abs((path[k][0] - path[i][0]) * dy - (path[k][1] - path[i][1]) * dx) / chord);
      if (bend > 0.9 * unit) continue;
      let angle = Math.atan2(dy, dx);
      if (angle > Math.PI / 2) angle -= Math.PI;
      if (angle < -Math.PI / 2) angle += Math.PI;
      spots.push({ x: (path[i][0] + path[j][0]) / 2, y: (path[i][1] + path[j][1]) / 2, angle, middle: Math.abs((i + j) / 2 - path.length / 2) });
    }
    return spots;
  }
})();
