// SPDX-License-Identifier: Apache-2.0

extension ScatterPlot {
    /// The picture as one page that needs nothing else: it can be moved and zoomed, tells what is under the pointer, searches in the
    /// labels, and shows and hides groups.
    package func writeHTML(_ out: (String) throws -> Void) rethrows {
        try out(
            """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escapedForXML(title))</title>
            <style>\(Self.style)</style></head><body>
            <canvas id="map" tabindex="0" aria-label="\(escapedForXML(title)): \(points.count) points"></canvas>
            <div id="panel"><h1>\(escapedForXML(title))</h1>
            <input id="search" type="search" placeholder="Search" aria-label="Search in the labels"><span id="found"></span>
            <div id="legend"></div></div><div id="tip" role="status"></div>
            <script>
            const axes = \(hasAxes);
            const names = [\(groups.map(Self.script).joined(separator: ","))];
            const colors = [\(groups.indices.map { Self.script(Self.color(ofGroup: $0)) }.joined(separator: ","))];
            const none = \(Self.script(colorOfNone));
            const points = [

            """
        )
        // Four digits of the side of the frame; what is very small or far out as it is.
        let digits = max(0, 4 - Self.exponent(of: frame.side))
        let number = { (value: Double) in digits <= 9 ? fixed(value, digits) : "\(value)" }
        for point in points {
            let label = Self.script(String(point.label.prefix(Self.textLimit)))
            try out("[\(number(point.x)),\(number(point.y)),\(point.group ?? -1),\(label)],\n")
        }
        try out("];\n\(Self.program)\n</script></body></html>\n")
    }

    private static func exponent(of value: Double) -> Int {
        var (value, exponent) = (value, 0)
        while value >= 10 {
            value /= 10
            exponent += 1
        }
        while value < 1, value > 0, exponent > -60 {
            value *= 10
            exponent -= 1
        }
        return exponent
    }

    /// A string of the script; nothing in it can end the script or the string.
    static func script(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "<", ">", "&", "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static let style = """
        html,body{margin:0;height:100%;overflow:hidden;font:14px system-ui,sans-serif;color:#222;background:#fff}
        #map{position:absolute;inset:0;width:100%;height:100%;cursor:grab;outline:none}#map:active{cursor:grabbing}
        #panel{position:absolute;top:12px;left:12px;max-width:300px;max-height:calc(100% - 48px);overflow:auto;background:#ffffffe6;\
        border:1px solid #ddd;border-radius:6px;padding:10px 12px}
        h1{font-size:15px;margin:0 0 8px}#search{width:170px;padding:4px 6px;border:1px solid #bbb;border-radius:4px;font:inherit}
        #found{margin-left:8px;color:#666}#legend{margin-top:8px}#legend label{display:flex;gap:7px;align-items:center;cursor:pointer;\
        padding:1px 0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}#legend i{flex:none;width:11px;height:11px;border-radius:2px}
        #legend span{overflow:hidden;text-overflow:ellipsis}#legend .off{opacity:.35}#tip{position:absolute;display:none;pointer-events:none;max-width:420px;background:#222;color:#fff;\
        padding:5px 8px;border-radius:4px;overflow-wrap:anywhere}
        """

    private static let program = """
        const canvas = document.getElementById("map"), draw2d = canvas.getContext("2d"), tip = document.getElementById("tip");
        const hidden = new Set(); let scale = 1, left = 0, top_ = 0, matches = null, under = -1, size = [0, 0], waiting = false;
        const xs = points.map(p => p[0]), ys = points.map(p => p[1]);
        const ends = a => a.reduce((e, v) => [Math.min(e[0], v), Math.max(e[1], v)], [Infinity, -Infinity]);
        function fit() {
          size = [canvas.clientWidth, canvas.clientHeight]; const r = devicePixelRatio || 1;
          canvas.width = size[0] * r; canvas.height = size[1] * r; draw2d.setTransform(r, 0, 0, r, 0, 0);
        }
        function whole() {
          if (!points.length) return; const [x0, x1] = ends(xs), [y0, y1] = ends(ys), side = Math.max(x1 - x0, y1 - y0) || 1;
          const panel = Math.min(330, size[0] / 3), room = Math.min(size[0] - panel, size[1]) * (axes ? .75 : .92);
          scale = room / side; left = panel + (size[0] - panel - scale * (x0 + x1)) / 2; top_ = (size[1] + scale * (y0 + y1)) / 2;
        }
        const sx = p => left + scale * p[0], sy = p => top_ - scale * p[1];
        const shown = p => !hidden.has(p[2]), color = p => p[2] < 0 ? none : colors[p[2]];
        function step(span) { let s = 10 ** Math.floor(Math.log10(span)); return span / s < 2 ? s / 5 : span / s < 5 ? s / 2 : s; }
        function number(v, digits) { return (Math.abs(v) < 1e-12 ? 0 : v).toFixed(digits); }
        function drawAxes() {
          draw2d.strokeStyle = "#bbb"; draw2d.fillStyle = "#777"; draw2d.font = "11px system-ui,sans-serif"; draw2d.beginPath();
          draw2d.moveTo(0, top_); draw2d.lineTo(size[0], top_); draw2d.moveTo(left, 0); draw2d.lineTo(left, size[1]); draw2d.stroke();
          const s = step(size[1] / scale), digits = Math.max(0, -Math.floor(Math.log10(s)));
          for (let v = Math.ceil(-left / scale / s) * s; left + scale * v < size[0]; v += s) draw2d.fillText(number(v, digits), left + scale * v + 2, top_ + 13);
          for (let v = Math.ceil((top_ - size[1]) / scale / s) * s; top_ - scale * v > 0; v += s) if (Math.abs(v) > s / 2) draw2d.fillText(number(v, digits), left + 4, top_ - scale * v - 2);
        }
        function draw() {
          waiting = false; draw2d.clearRect(0, 0, size[0], size[1]); if (axes) drawAxes();
          const r = points.length > 20000 ? 1.6 : points.length > 2000 ? 2.4 : points.length > 60 ? 3.5 : 5;
          const names_ = points.length <= 60; draw2d.font = "13px system-ui,sans-serif";
          for (const strong of [false, true]) for (let i = 0; i < points.length; i++) {
            const p = points[i], isMatch = !matches || matches.has(i); if (!shown(p) || (matches ? isMatch : true) !== strong) continue;
            draw2d.globalAlpha = isMatch ? (points.length > 2000 && !matches ? .65 : .9) : .08; draw2d.fillStyle = color(p);
            draw2d.beginPath(); draw2d.arc(sx(p), sy(p), matches && isMatch ? r + 1.5 : r, 0, 7); draw2d.fill();
            if (names_ && isMatch) { draw2d.fillStyle = "#222"; draw2d.fillText(p[3], sx(p) + 8, sy(p) + 4); }
          }
          draw2d.globalAlpha = 1;
          if (under >= 0) { const p = points[under]; draw2d.strokeStyle = "#000"; draw2d.lineWidth = 2; draw2d.beginPath(); draw2d.arc(sx(p), sy(p), r + 3, 0, 7); draw2d.stroke(); draw2d.lineWidth = 1; }
        }
        function redraw() { if (!waiting) { waiting = true; requestAnimationFrame(draw); } }
        function nearest(x, y) {
          let best = -1, least = 144;
          for (let i = 0; i < points.length; i++) { const p = points[i]; if (!shown(p) || (matches && !matches.has(i))) continue;
            const d = (sx(p) - x) ** 2 + (sy(p) - y) ** 2; if (d < least) { least = d; best = i; } }
          return best;
        }
        function tell(x, y) {
          const i = nearest(x, y); if (i !== under) { under = i; redraw(); }
          tip.style.display = i < 0 ? "none" : "block"; if (i < 0) return;
          const p = points[i]; tip.textContent = p[3] + (p[2] >= 0 ? "  \\u00b7  " + names[p[2]] : "");
          tip.style.left = Math.min(x + 14, size[0] - tip.offsetWidth - 8) + "px"; tip.style.top = Math.min(y + 14, size[1] - tip.offsetHeight - 8) + "px";
        }
        function zoom(factor, x, y) { left = x + (left - x) * factor; top_ = y + (top_ - y) * factor; scale *= factor; redraw(); }
        let drag = null;
        canvas.onpointerdown = e => { drag = [e.clientX, e.clientY]; canvas.setPointerCapture(e.pointerId); };
        canvas.onpointerup = () => { drag = null; };
        canvas.onpointermove = e => { if (drag) { left += e.clientX - drag[0]; top_ += e.clientY - drag[1]; drag = [e.clientX, e.clientY]; tip.style.display = "none"; redraw(); } else tell(e.clientX, e.clientY); };
        canvas.onpointerleave = () => { under = -1; tip.style.display = "none"; redraw(); };
        canvas.onwheel = e => { e.preventDefault(); zoom(Math.exp(-e.deltaY / 400), e.clientX, e.clientY); };
        canvas.ondblclick = () => { whole(); redraw(); };
        canvas.onkeydown = e => { const k = { "+": 1.25, "=": 1.25, "-": .8 }[e.key]; if (k) zoom(k, size[0] / 2, size[1] / 2); else if (e.key === "0") { whole(); redraw(); }
          else { const m = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[e.key]; if (m) { left += m[0]; top_ += m[1]; redraw(); } } };
        document.getElementById("search").oninput = e => {
          const wanted = e.target.value.trim().toLowerCase(); matches = wanted ? new Set() : null;
          if (wanted) points.forEach((p, i) => { if (p[3].toLowerCase().includes(wanted)) matches.add(i); });
          document.getElementById("found").textContent = wanted ? matches.size + " found" : ""; redraw();
        };
        names.forEach((name, i) => {
          const row = document.createElement("label"), box = document.createElement("i"), text = document.createElement("span");
          box.style.background = colors[i]; text.textContent = name; row.title = name; row.append(box, text); row.tabIndex = 0;
          const turn = () => { hidden.has(i) ? hidden.delete(i) : hidden.add(i); row.classList.toggle("off", hidden.has(i)); redraw(); };
          row.onclick = turn; row.onkeydown = e => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); turn(); } };
          document.getElementById("legend").append(row);
        });
        addEventListener("resize", () => { fit(); redraw(); }); fit(); whole(); draw();
        """
}
