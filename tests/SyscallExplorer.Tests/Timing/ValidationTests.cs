using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>The model beside what others have published.</summary>
public sealed class ValidationTests
{
    private static readonly Lazy<ValidationReport> _report = new(() => ValidationReport.Make());

    [Fact]
    public void Every_published_figure_has_a_prediction()
    {
        Assert.Equal(PublishedFigures.All.Count, _report.Value.Rows.Count);
        Assert.All(_report.Value.Rows, row => Assert.True(row.Cycles > 0 && row.LowCycles <= row.Cycles && row.Cycles <= row.HighCycles, row.Figure.Id));
    }

    [Fact]
    public void A_clock_that_is_an_interval_makes_the_figure_one()
    {
        PublishedFigure figure = PublishedFigures.All.Single(figure => figure.Id == "ARK-WESTMERE-READ4");

        Assert.Equal((135 * 3.07, 135 * 3.47), (figure.LowCycles, figure.HighCycles));
    }

    [Fact]
    public void What_nothing_was_fitted_to_is_predicted_as_well_as_the_documents_say()
    {
        ErrorSummary all = _report.Value.ByCategory.Single(summary => summary.Name == "all");

        Assert.True(all.Count >= 80 && all.Median <= 0.10, $"{all.Count} rows, median {all.Median:P1}");
        Assert.True(_report.Value.ByCategory.Single(summary => summary.Name == "path") is { Median: <= 0.25 });
        Assert.Equal(0, _report.Value.Rows.Single(row => row.Figure.Id == "SKLH-CGT").Error);
    }

    [Fact]
    public void No_percentile_is_given_for_fewer_than_ten_rows() =>
        Assert.All(_report.Value.ByFamily.Concat(_report.Value.ByCategory), summary => Assert.Equal(summary.Count >= 10, summary.Median is not null));

    [Fact]
    public void No_figure_of_the_tables_names_a_row_that_is_there_to_check_with()
    {
        string[] checks = [.. PublishedFigures.All.Where(figure => !figure.IsFitted).Select(figure => figure.Id)];
        foreach (Figure figure in Microarchitecture.Names.SelectMany(name => Microarchitecture.Load(name).Figures))
        {
            string[] words = $"{figure.Source} {figure.Note}".Split([' ', '(', ')', ',', ';', ':', '.'], StringSplitOptions.RemoveEmptyEntries);
            Assert.True(!words.Any(checks.Contains), $"{figure.Key}: {figure.Source} {figure.Note}");
        }
    }
}
