using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SyscallExplorer;

/// <summary>A figure as HTML that draws itself.</summary>
internal static class FigureHtml
{
    private const string PlotlyAddress = "https://cdn.plot.ly/plotly-4.1.2.min.js";
    private const int DefaultHeight = 420;
    private const int HashLetters = 16;

    public static string Write(PlotlyFigure figure)
    {
        string json = figure.ToJson();
        string id = $"sysx-{Hash(json)}";
        int height = figure.Layout["height"]?.GetValue<int>() ?? DefaultHeight;

        // One page may show one figure twice, so each script draws what is not drawn yet under its name. A loader like RequireJS would catch
        // plotly.js before the page sees it, and is told to look away while it loads.
        return $$"""
            <div class="sysx-figure" id="{{id}}" role="img" aria-label="{{Text.Html(figure.Description)}}" style="width:100%;height:{{height.ToString(CultureInfo.InvariantCulture)}}px"></div>
            <script>(function(){
              var figure = {{json}};
              var options = {responsive: true, displaylogo: false};
              function draw() {
                document.querySelectorAll('[id="{{id}}"]:not(.js-plotly-plot)').forEach(function (div) {
                  (figure.layout.font = figure.layout.font || {}).color = getComputedStyle(div).color;
                  Plotly.newPlot(div, figure.data, figure.layout, options);
                });
              }
              if (window.Plotly) { draw(); return; }
              var script = document.getElementById("sysx-plotly");
              if (!script) {
                var amd = typeof define === "function" && define.amd;
                if (amd) { define.amd = undefined; }
                script = document.createElement("script");
                script.id = "sysx-plotly";
                script.src = "{{PlotlyAddress}}";
                var restore = function () { if (amd) { define.amd = amd; } };
                script.addEventListener("load", restore);
                script.addEventListener("error", restore);
                document.head.appendChild(script);
              }
              script.addEventListener("load", draw);
              script.addEventListener("error", function () {
                script.remove();
                document.getElementById("{{id}}").textContent = "This chart needs plotly.js, and the network that it would come from does not answer.";
              });
            })();</script>
            """.ReplaceLineEndings("\n");
    }

    private static string Hash(string json) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(json)))[..HashLetters].ToLowerInvariant();
}
