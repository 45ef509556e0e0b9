using System.Globalization;
using System.Text;
using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>The page that says which instructions are executed and which are compared with silicon.</summary>
public static class CoveragePage
{
    private const string NotSupported = "not supported yet";

    /// <summary>The page for a CPU model, in Markdown. On a host that nothing can be compared with it cannot be written.</summary>
    /// <exception cref="InvalidOperationException">This is no such host; the message says why.</exception>
    public static string Create()
    {
        if (SiliconComparison.WhyNotHere is { } reason)
            throw new InvalidOperationException($"The page says what is compared with the host, and here nothing is: {reason}.");
        return Create(new FormCatalog(HostProcessor.Model));
    }

    internal static string Create(FormCatalog catalog)
    {
        var forms = FormCatalog.All.Select(code => (Code: code, Reason: catalog.WhyNotCompared(code))).ToList();
        int supported = FormCatalog.All.Count(InstructionTable.Supports);
        int compared = forms.Count(form => form.Reason is null);
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            # What the processor executes, and what is compared with silicon

            Written by `sysx fuzz-cpu --coverage docs/cpu-coverage.md` on a host of {catalog.Model.Vendor.ToString().ToUpperInvariant()}, as which the model {catalog.Model.Name} is compared. A form is one encoding of an
            instruction that 32-bit or 64-bit code can hold, as the decoder counts them.

            - {forms.Count} forms are known to the decoder.
            - {supported} are executed by some model. The others are #UD on every model, or not supported yet.
            - {compared} are compared with silicon: in 64-bit code {catalog.Forms64.Length}, in 32-bit code {catalog.Forms32.Length}, in 16-bit code {catalog.Forms16.Length}. Random bytes are compared besides.

            What is compared: the exception with its error code and address, or the end behind the instruction; all general registers, flags but for the undefined
            ones, selectors and bases, x87, MMX, SSE and AVX registers with their control words, and all memory. Every case has random registers, flags, prefixes and
            operands: aligned, misaligned, across pages, read-only, unmapped and not canonical ones.

            ## By extension

            | extension | forms | executed by {catalog.Model.Name} | compared |
            | --- | ---: | ---: | ---: |

            """);
        foreach (var group in forms.GroupBy(form => string.Join("+", form.Code.CpuidFeatures())).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            int executed = group.Count(form => InstructionFeatures.Has(catalog.Model, form.Code) && InstructionTable.Supports(form.Code));
            if (executed > 0 || group.Any(form => form.Reason == NotSupported))
                page.Append(CultureInfo.InvariantCulture, $"| {group.Key} | {group.Count()} | {executed} | {group.Count(form => form.Reason is null)} |\n");
        }

        page.Append("""

            ## Compared within an error

            FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X and FYL2XP1: two units in the last place of the 80-bit result, and C1 is not compared. RCPPS, RCPSS, RSQRTPS and
            RSQRTSS: a relative error of 1.5 · 2^-12 on either side. Everything else is compared bit for bit.

            ## Known differences


            """);
        foreach (KnownDifferences.Kind kind in KnownDifferences.All)
            page.Append(CultureInfo.InvariantCulture, $"- {Capital(kind.Reason)}.\n");
        page.Append("\n## Not compared\n");
        foreach (var group in forms.Where(form => form.Reason is not null && IsOfInterest(catalog, form.Code)).GroupBy(form => form.Reason!).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {Capital(group.Key)}\n\n");
            foreach (var form in group)
                page.Append(CultureInfo.InvariantCulture, $"- `{form.Code.ToOpCode().ToInstructionString()}` ({form.Code.ToOpCode().ToOpCodeString()})\n");
        }

        page.Append("\n## On no model\n\nEvery model raises #UD. Not listed one by one:\n\n");
        foreach (var group in forms.Where(form => !IsOfInterest(catalog, form.Code)).GroupBy(form => string.Join("+", form.Code.CpuidFeatures())).OrderBy(group => group.Key, StringComparer.Ordinal))
            page.Append(CultureInfo.InvariantCulture, $"- {group.Key}: {group.Count()}\n");
        return page.ToString();
    }

    /// <summary>Whether some model executes a form, or should.</summary>
    private static bool IsOfInterest(FormCatalog catalog, Code code) => InstructionFeatures.IsKnown(code) || InstructionFeatures.Has(catalog.Model, code);

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
