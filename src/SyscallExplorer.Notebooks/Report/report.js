(function () {
  "use strict";
  var root = document.documentElement;
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  var printing = false;

  function remembered() { try { return localStorage.getItem("sysx-theme"); } catch (e) { return null; } }
  function remember(theme) { try { localStorage.setItem("sysx-theme", theme); } catch (e) { /* a page from a file may not store */ } }
  function isDark() { return !printing && (root.dataset.theme ? root.dataset.theme === "dark" : system.matches); }

  // Charts draw their own colours, so they are told when the page changes its.
  function colours(figure) {
    var dark = isDark(), ink = dark ? "#e3e8ee" : "#1d2530", grid = dark ? "#303944" : "#e3e8ed";
    var change = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", "font.color": ink, "legend.bgcolor": "rgba(0,0,0,0)",
      "modebar.bgcolor": "rgba(0,0,0,0)", "modebar.color": dark ? "#6b7785" : "#a3adb8", "modebar.activecolor": ink };
    Object.keys(figure.layout || {}).forEach(function (name) {
      if (/^[xy]axis\d*$/.test(name)) {
        change[name + ".gridcolor"] = grid;
        change[name + ".zerolinecolor"] = grid;
        change[name + ".linecolor"] = grid;
      }
    });
    return change;
  }
  function recolour() {
    if (!window.Plotly) { return; }
    document.querySelectorAll(".js-plotly-plot").forEach(function (figure) { window.Plotly.relayout(figure, colours(figure)); });
  }

  var theme = remembered();
  if (theme) { root.dataset.theme = theme; }

  document.addEventListener("DOMContentLoaded", function () {
    var button = document.getElementById("theme");
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember(root.dataset.theme);
      recolour();
    });
    recolour();
    // A figure that waits for its library is drawn later.
    document.querySelectorAll(".sysx-figure:not(.js-plotly-plot)").forEach(function (figure) {
      new MutationObserver(function (_, observer) {
        if (figure.classList.contains("js-plotly-plot")) { observer.disconnect(); recolour(); }
      }).observe(figure, { attributes: true, attributeFilter: ["class"] });
    });
  });
  system.addEventListener("change", recolour);
  window.addEventListener("beforeprint", function () { printing = true; recolour(); });
  window.addEventListener("afterprint", function () { printing = false; recolour(); });
})();
