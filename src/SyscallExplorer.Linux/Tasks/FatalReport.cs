using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>A line of disassembly in a report.</summary>
/// <param name="Address">Where it stands.</param>
/// <param name="Text">Intel's syntax.</param>
/// <param name="IsCurrent">Whether it is the one at RIP.</param>
public sealed record ReportLine(ulong Address, string Text, bool IsCurrent);

/// <summary>The end of a program or of the kernel by an exception, or by a signal that writes a core file: what, where, the registers, and the code around.</summary>
/// <param name="Title">One sentence.</param>
/// <param name="Signal">The signal, or 0 for the kernel's own end.</param>
/// <param name="Vector">The exception's vector, or <see cref="NoVector"/>.</param>
/// <param name="ErrorCode">Its error code.</param>
/// <param name="FaultAddress">CR2, for a page fault.</param>
/// <param name="Registers">The registers as the kernel saved them.</param>
/// <param name="Disassembly">The code from RIP on.</param>
public sealed record FatalReport(
    string Title, int Signal, int Vector, ulong ErrorCode, ulong FaultAddress, PtRegs Registers, IReadOnlyList<ReportLine> Disassembly)
{
    /// <summary>The vector of a signal that no exception caused.</summary>
    public const int NoVector = -1;

    /// <summary>The whole report as text.</summary>
    public override string ToString()
    {
        const int perLine = 3;
        var text = new StringBuilder(Title).AppendLine();
        int column = 0;
        foreach ((string name, int _, ulong value) in Registers.Fields)
            text.Append($"  {name,-8}{value:x16}").Append(++column % perLine == 0 ? Environment.NewLine : "");
        text.AppendLine();
        foreach (ReportLine line in Disassembly)
            text.Append(line.IsCurrent ? "> " : "  ").Append($"{line.Address:x16}  ").AppendLine(line.Text);
        return text.ToString();
    }
}
