"""Style and script of a report page, free of anything that would be fetched."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:"
)
"""The page loads nothing from anywhere. Vega compiles expressions, hence eval."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --muted: #57606a; --paper: #ffffff;
  --rule: #d0d7de; --soft: #f3f5f7; --good: #00694d; --bad: #b54400; --link: #0060a0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --muted: #9aa4af;
  --paper: #14171a; --rule: #373e47; --soft: #1d2125; --good: #4cc9a0; --bad: #ff9a5c;
  --link: #6cb6ff; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 Arial, Helvetica, "Liberation Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 12px; }
h2 { font-size: 1.25rem; margin: 44px 0 12px; padding-top: 12px;
  border-top: 1px solid var(--rule); }
p { margin: 0 0 12px; max-width: 75ch; overflow-wrap: anywhere; }
a { color: var(--link); }
.source, .note, caption, figcaption { color: var(--muted); }
.verdict { font-weight: bold; }
.good { color: var(--good); }
.bad { color: var(--bad); }
td.good, td.bad { white-space: nowrap; }
nav { margin: 18px 0 0; line-height: 2; }
nav a { margin-right: 16px; }
figure { margin: 20px 0 32px; }
.chart { background: #ffffff; border: 1px solid var(--rule); border-radius: 6px;
  padding: 4px; color: #1b1f24; color-scheme: light; }
.chart .plot { display: block; overflow-x: auto; }
.chart .plot.has-actions { padding-right: 0; }
.chart .swipe { margin: 0; padding: 4px 8px; font-size: 0.85rem; color: #57606a; }
.chart .controls { position: sticky; top: 0; z-index: 2; background: #ffffff;
  max-width: 760px; font-size: 0.9rem; }
.chart .controls label { display: flex; align-items: center; gap: 10px;
  padding: 4px 8px; }
.chart .controls input { flex: 1; min-width: 0; height: 32px; margin: 0; }
.chart .controls output { min-width: 5ch; font-weight: bold;
  font-variant-numeric: tabular-nums; }
.chart svg, .chart img { display: block; }
.chart img { max-width: 100%; height: auto; }
figcaption { margin-top: 8px; max-width: 85ch; font-size: 0.94rem; }
.table { overflow-x: auto; margin: 12px 0 24px; }
table { border-collapse: collapse; font-size: 0.9rem; min-width: 100%; }
caption { text-align: left; padding: 0 0 6px; }
th, td { text-align: left; vertical-align: top; padding: 6px 14px 6px 0;
  border-bottom: 1px solid var(--rule); }
th { font-weight: bold; vertical-align: bottom; }
th .unit { font-weight: normal; white-space: nowrap; }
td { min-width: 5ch; max-width: 60ch; overflow-wrap: break-word; }
td:first-child { min-width: 16ch; }
td.long { min-width: 24ch; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.number { white-space: normal; }
.mono td { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: 0.82rem; overflow-wrap: anywhere; }
@media (max-width: 600px) { main { padding: 16px 12px 48px; }
  h1 { font-size: 1.4rem; } }
@media print { nav, .controls, .vega-embed summary { display: none; }
  body { font-size: 11pt; background: #ffffff; color: #000000; }
  figure, tr { break-inside: avoid; } h2 { break-after: avoid; }
  .chart { border: 0; } .chart .plot { overflow: visible; }
  .chart svg { max-width: 100%; height: auto; }
  .table { overflow: visible; } }
"""

SCRIPT = """
(function () {
  "use strict";
  const narrowPx = 640;

  function parts(view) {
    return view.hconcat || view.vconcat || view.concat || null;
  }
  function visit(view, action) {
    action(view);
    (parts(view) || []).forEach(function (part) { visit(part, action); });
  }
  function natural(view, margin) {
    const within = parts(view);
    if (!within) {
      return (typeof view.width === "number" ? view.width : 300) + margin;
    }
    const widths = within.map(function (part) { return natural(part, margin); });
    return view.hconcat
      ? widths.reduce(function (sum, width) { return sum + width; }, 0)
      : Math.max.apply(null, widths);
  }
  function stack(view) {
    if (view.hconcat) {
      view.vconcat = view.hconcat;
      delete view.hconcat;
      view.spacing = 28;
    }
    (parts(view) || []).forEach(stack);
  }
  function shrink(view, room, hints) {
    if (parts(view) || typeof view.width !== "number") { return; }
    const width = Math.min(view.width, Math.max(room - hints.margin_px, 150));
    if (hints.least_width_px) {
      const drawn = Math.min(view.width, Math.max(width, hints.least_width_px));
      view.height = Math.round(view.height * drawn / view.width);
      view.width = drawn;
    } else {
      view.width = width;
    }
  }
  function wrap(text, letters) {
    const words = (Array.isArray(text) ? text.join(" ") : String(text)).split(" ");
    const lines = [];
    let line = "";
    words.forEach(function (word) {
      if (line && line.length + 1 + word.length > letters) {
        lines.push(line);
        line = word;
      } else {
        line = line ? line + " " + word : word;
      }
    });
    return lines.concat(line ? [line] : []);
  }
  function wrapTitle(title, room) {
    if (!title || typeof title !== "object") { return; }
    title.text = wrap(title.text || "", Math.floor(room / 8.6));
    if (title.subtitle) {
      title.subtitle = wrap(title.subtitle, Math.floor(room / 6.4));
    }
  }
  function fitted(spec, room) {
    const hints = Object.assign(
      { margin_px: 86, least_width_px: 0 },
      (spec.usermeta || {}).gridagora
    );
    const view = JSON.parse(JSON.stringify(spec));
    if (natural(view, hints.margin_px) <= room) { return view; }
    stack(view);
    visit(view, function (part) {
      shrink(part, room, hints);
      wrapTitle(part.title, room - 40);
    });
    if (room < narrowPx) {
      const legend = view.config.legend;
      legend.gradientLength = Math.min(legend.gradientLength, room - 90);
      legend.labelLimit = room - 90;
      legend.columns = 1;
      legend.layout = { bottom: { direction: "vertical", anchor: "start", margin: 6 } };
    }
    return view;
  }

  function chosen(controls) {
    return Array.from(controls.querySelectorAll("input"), function (input) {
      return { name: input.name, value: Number(input.value) };
    });
  }
  function nameSlider(controls, view, name, words) {
    const input = controls.querySelector("input[name='" + name + "']");
    const output = document.createElement("output");
    function say() {
      output.textContent = words[input.value];
      input.setAttribute("aria-valuetext", words[input.value]);
    }
    input.nextElementSibling.replaceWith(output);
    view.addSignalListener(name, say);
    say();
  }
  function steer(controls, view, sliders, last) {
    Object.keys(sliders).forEach(function (name) {
      nameSlider(controls, view, name, sliders[name]);
    });
    last.forEach(function (one) { view.signal(one.name, one.value); });
    return view.runAsync();
  }

  const shown = new Map();
  function draw(place) {
    const plot = place.querySelector(".plot");
    const controls = place.querySelector(".controls");
    const room = place.clientWidth - 8;
    const last = shown.get(place.id);
    if (last && Math.abs(last.room - room) < 12) { return; }
    const kept = chosen(controls);
    if (last) { last.view.finalize(); }
    controls.replaceChildren();
    const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
    shown.set(place.id, { room: room, view: { finalize: function () {} } });
    vegaEmbed(plot, fitted(spec, room), {
      mode: "vega-lite",
      renderer: "svg",
      bind: controls,
      downloadFileName: place.dataset.name,
      actions: { export: true, source: false, compiled: false, editor: false }
    }).then(function (result) {
      shown.set(place.id, { room: room, view: result.view });
      place.querySelector(".swipe").hidden = plot.scrollWidth <= plot.clientWidth;
      const hints = (spec.usermeta || {}).gridagora || {};
      return steer(controls, result.view, hints.slider || {}, kept);
    }).catch(function (error) {
      plot.textContent = "This chart cannot be drawn: " + error.message;
    });
  }
  function drawAll() {
    document.querySelectorAll(".chart[data-spec]").forEach(draw);
  }
  let waiting = 0;
  window.addEventListener("resize", function () {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 200);
  });
  drawAll();
})();
"""
