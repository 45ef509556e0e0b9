using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The reports of notebooks, opened as a reader does who has no network.</summary>
public sealed class ReportInBrowserTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sysx-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The notebook of this test project, and all that the repository has for its readers.</summary>
    public static TheoryData<string> Notebooks
    {
        get
        {
            string readers = Path.Combine(Repository.Root, "notebooks");
            IEnumerable<string> files = Directory.Exists(readers) ? Directory.EnumerateFiles(readers, "*.ipynb").Order(StringComparer.Ordinal) : [];
            return [.. files.Select(f => Path.GetRelativePath(Repository.Root, f)).Append("tests/SyscallExplorer.EndToEnd.Tests/bars.ipynb")];
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Notebooks))]
    public void The_page_draws_its_charts_without_a_network_and_without_a_complaint(string notebook)
    {
        Skip.If(SyscallExplorer.Notebooks.Plotly.Version is null && Environment.GetEnvironmentVariable("CI") != "true", "This build could not embed plotly.js.");
        using var browser = new Browser();
        browser.Open(Report(notebook));
        Assert.Empty(browser.Complaints());
        Assert.True(browser.Ask<long>("document.querySelectorAll('.js-plotly-plot svg .barlayer .point path').length") > 0, "no bars");
        Assert.Equal(0, browser.Ask<long>("[...document.querySelectorAll('.sysx-figure')].filter(f => !f.querySelector('svg')).length"));
        Assert.True(browser.Ask<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), "the page scrolls sideways");
    }

    [SkippableFact]
    public void Light_and_dark_change_the_page_and_its_charts()
    {
        using var browser = new Browser();
        browser.Open(Report("tests/SyscallExplorer.EndToEnd.Tests/bars.ipynb"));
        string[] before = Colours(browser);
        browser.Click("#theme");
        string[] after = Colours(browser);
        Assert.NotEqual(before[0], after[0]);
        if (SyscallExplorer.Notebooks.Plotly.Version is not null)
            Assert.NotEqual(before[1], after[1]);
        Assert.Empty(browser.Complaints());
    }

    private static string[] Colours(Browser browser) =>
    [
        browser.Ask<string>("getComputedStyle(document.body).backgroundColor"),
        browser.Ask<string>("(document.querySelector('.js-plotly-plot')?.layout?.font?.color) ?? ''"),
    ];

    private string Report(string notebook)
    {
        Tools.Sysx("run", notebook, "--out", _folder);
        return Path.Combine(_folder, Path.ChangeExtension(Path.GetFileName(notebook), ".html"));
    }
}
