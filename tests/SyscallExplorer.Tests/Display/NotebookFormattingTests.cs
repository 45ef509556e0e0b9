using System.Reflection;
using Microsoft.DotNet.Interactive.Formatting;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>The results in the real formatter of .NET Interactive, which finds their own formatters by convention.</summary>
public sealed class NotebookFormattingTests
{
    public static TheoryData<string> Kinds => [.. Values.Keys];

    private static Dictionary<string, (object Value, string Html, string Plain)> Values { get; } = new()
    {
        ["comparison"] = (Samples.Comparison, Samples.Comparison.ToHtml(), Samples.Comparison.ToText()),
        ["trace"] = (Samples.Trace, Samples.Trace.ToHtml(), Samples.Trace.ToText()),
        ["run"] = (Samples.Run, Samples.Run.ToHtml(), Samples.Run.ToText()),
        ["figure"] = (Samples.Comparison.Plot(), Samples.Comparison.Plot().ToHtml(), Samples.Comparison.Plot().Description),
        ["observation"] = (ObservationSamples.Observation, ObservationSamples.Observation.ToHtml(), ObservationSamples.Observation.ToText()),
        ["profile"] = (ObservationSamples.Profile, ObservationSamples.Profile.ToHtml(), ObservationSamples.Profile.ToText()),
        ["timeline"] = (ObservationSamples.Timeline, ObservationSamples.Timeline.ToHtml(), ObservationSamples.Timeline.ToText()),
        ["memory map"] = (ObservationSamples.Map, ObservationSamples.Map.ToHtml(), ObservationSamples.Map.ToText()),
        ["strace"] = (ObservationSamples.Log, ObservationSamples.Log.ToHtml(), ObservationSamples.Log.Text),
        ["native measurement"] = (NativeSamples.Measurement, NativeSamples.Measurement.ToHtml(), NativeSamples.Measurement.ToText()),
        ["fatal report"] = (Samples.Fatal.View(), Samples.Fatal.ToHtml(), Samples.Fatal.ToText()),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_result_is_shown_by_its_own_views(string kind)
    {
        (object value, string html, string plain) = Values[kind];
        Assert.Equal(["text/html", "text/plain"], Formatter.GetPreferredMimeTypesFor(value.GetType()));
        Assert.Equal(html, value.ToDisplayString("text/html"));
        Assert.Equal(plain, value.ToDisplayString("text/plain"));
    }

    [Fact]
    public void A_result_inside_another_value_is_shown_by_its_own_view()
    {
        string html = new { Name = "getpid", Result = Samples.Comparison }.ToDisplayString("text/html");
        Assert.Contains("<tr class=\"total\">", html);
    }

    [Fact]
    public void The_libraries_do_not_depend_on_a_notebook_kernel()
    {
        foreach (Assembly library in new[] { typeof(Comparison).Assembly, typeof(Linux.PtRegs).Assembly, typeof(Machine.CpuModel).Assembly })
            Assert.DoesNotContain(library.GetReferencedAssemblies(), name => name.Name!.StartsWith("Microsoft.DotNet.Interactive", StringComparison.Ordinal));
    }
}
