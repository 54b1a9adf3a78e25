// What a chart of the history reads out where the pointer is, or where the arrow keys have gone. The values are in the page
// (History/HistoryChart.razor); one set of listeners serves every chart, also those that are drawn later.
(() => {
  let shown = null;

  const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

  const steps = (plot) => Number(plot.getAttribute("aria-valuemax")) + 1;

  const pairs = (plot, name) => JSON.parse(plot.dataset[name] || "[]");

  // In the zone of the page: the server names it, so that charts and tables never differ.
  const time = (plot, step) => {
    const zones = pairs(plot, "zones");
    const local = (milliseconds, minutes) => new Date(milliseconds + minutes * 60_000).toISOString();
    const [, minutes, name] = zones.filter(([first]) => first <= step).at(-1);
    const [day, clock] = local(Number(plot.dataset.start) + step * Number(plot.dataset.step), minutes).split("T");
    const isToday = day === local(Date.now(), zones.at(-1)[1]).slice(0, 10);
    return `${isToday ? "" : `${day} `}${clock.slice(0, 8)} ${name}`;
  };

  const words = (plot, step) => {
    const parts = [time(plot, step)];
    for (const line of plot.querySelectorAll("path[data-values]")) {
      const value = line.dataset.values.split(",")[step];
      parts.push(`${line.dataset.name} ${value ? numbers.format(Number(value)) + plot.dataset.unit : "not read"}`);
    }
    const run = pairs(plot, "health").filter(([first]) => first <= step).at(-1);
    if (run) parts.push(run[1]);
    // A mark is one step wide, which may be less than a pixel.
    for (const [at, text] of pairs(plot, "marks")) if (Math.abs(at - step) <= 2) parts.push(text);
    return parts.join(" · ");
  };

  const show = (plot, step) => {
    if (shown && shown !== plot) hide();
    shown = plot;
    const last = steps(plot) - 1;
    const at = Math.min(last, Math.max(0, step));
    const place = (at + 0.5) / (last + 1);
    const text = words(plot, at);
    plot.dataset.at = at;
    plot.setAttribute("aria-valuenow", at);
    plot.setAttribute("aria-valuetext", text);
    const cursor = plot.querySelector(".history-cursor");
    cursor.style.left = `${place * 100}%`;
    const readout = plot.querySelector(".history-readout");
    readout.textContent = text;
    readout.style.left = place <= 0.5 ? `${place * 100}%` : "auto";
    readout.style.right = place <= 0.5 ? "auto" : `${(1 - place) * 100}%`;
    plot.classList.add("history-read");
  };

  const hide = () => {
    shown?.classList.remove("history-read");
    shown = null;
  };

  const plotOf = (target) => (target instanceof Element ? target.closest("[data-history]") : null);

  const point = (event) => {
    const plot = plotOf(event.target);
    if (!plot) {
      if (shown && shown !== document.activeElement) hide();
      return;
    }
    const box = plot.getBoundingClientRect();
    show(plot, Math.floor(((event.clientX - box.left) / box.width) * steps(plot)));
  };

  document.addEventListener("pointermove", point);
  document.addEventListener("pointerdown", point);
  document.documentElement.addEventListener("pointerleave", hide);
  document.addEventListener("focusin", (event) => {
    const plot = plotOf(event.target);
    if (plot && shown !== plot) show(plot, Number(plot.dataset.at ?? steps(plot) - 1));
  });
  document.addEventListener("focusout", (event) => {
    if (plotOf(event.target)) hide();
  });
  document.addEventListener("keydown", (event) => {
    const plot = plotOf(event.target);
    if (!plot || event.ctrlKey || event.altKey || event.metaKey) return;
    const last = steps(plot) - 1;
    const at = Number(plot.dataset.at ?? last);
    const step = {
      ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1,
      PageDown: at - 30, PageUp: at + 30, Home: 0, End: last,
    }[event.key];
    if (event.key === "Escape") hide();
    if (step === undefined) return;
    event.preventDefault();
    show(plot, step);
  });
})();
