using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>Which figures the cycles of a run rest on.</summary>
internal static class FigureUses
{
    /// <summary>Reads the ledgers that a run filled.</summary>
    public static List<FigureUse> Of(LinuxMachine machine, long[] ledger, HypercallLedger? hypercalls)
    {
        IReadOnlyList<Figure> figures = machine.Processor.Model.Microarchitecture.Figures;
        var uses = figures.Where(figure => ledger[figure.Index] > 0).Select(figure => new FigureUse(figure, ledger[figure.Index])).ToList();
        uses.AddRange(OfHypercalls(machine, hypercalls));
        return uses;
    }

    /// <summary>The part of hypercalls alone.</summary>
    public static IEnumerable<FigureUse> OfHypercalls(LinuxMachine machine, HypercallLedger? hypercalls) =>
        hypercalls?.Uses.Select(use => new FigureUse(machine.Costs[use.Key], use.Value)) ?? [];
}
