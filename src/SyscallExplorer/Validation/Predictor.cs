using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>What the model says of a published figure.</summary>
/// <param name="Cycles">Core cycles.</param>
/// <param name="LowCycles">With every figure at the low end of its interval.</param>
/// <param name="HighCycles">With every figure at the high end of its interval.</param>
/// <param name="AssumedShare">The share, 0 to 1, that rests on assumed figures.</param>
/// <param name="Figures">What it rests on, in all rounds.</param>
/// <param name="Rounds">How many rounds that were.</param>
internal sealed record Prediction(double Cycles, double LowCycles, double HighCycles, double AssumedShare, IReadOnlyList<FigureUse> Figures, int Rounds);

/// <summary>Predicts published figures: by doing what was done, on the model.</summary>
internal static class Predictor
{
    private const int Bytes = 4;

    /// <summary>What was read and written: four bytes.</summary>
    private static readonly Dictionary<string, SyscallRequest> _calls = new(StringComparer.Ordinal)
    {
        ["read"] = new SyscallRequest("read", 3, SyscallArgument.Buffer(), Bytes) { OpensFirst = Syscalls.ReadZero.OpensFirst },
        ["write"] = new SyscallRequest("write", 3, SyscallArgument.Buffer(), Bytes) { OpensFirst = Syscalls.WriteNull.OpensFirst, OpenFlags = Syscalls.WriteNull.OpenFlags },
    };

    /// <summary>Predicts one figure.</summary>
    public static Prediction Predict(PublishedFigure figure) => figure switch
    {
        PublishedPath { Way: "None" } path => Of(Boot(path).Measure("an empty function", CallEmpty)),
        PublishedPath { Way: "Vdso" } path => Of(Vdso(path)),
        PublishedPath path => Of(Boot(path).Compare(_calls.GetValueOrDefault(path.Call) ?? path.Call, Enum.Parse<EntryPath>(path.Way)).Rows[0]),
        PublishedInstruction instruction => InstructionPredictor.Predict(instruction),
        _ => throw new ArgumentException($"{figure.Id} is of no kind that can be predicted.", nameof(figure)),
    };

    private static Lab Boot(PublishedPath path) => Lab.Boot(Kernels.Find(path.Generation), Cpus.Find(path.Cpu), path.CommandLine);

    private static Prediction Of(MeasuredCost cost) => new(cost.Cycles, cost.LowCycles, cost.HighCycles, cost.AssumedShare, cost.Figures, cost.Calls);

    private static LoopCost Vdso(PublishedPath path)
    {
        Lab lab = Boot(path);
        VdsoSymbol symbol = Linux.Vdso.Of(lab.Kernel, VdsoAbi.X64).Symbols.First(symbol => symbol.Name == $"__vdso_{path.Call}");
        return lab.Measure(path.Call, a =>
        {
            a.xor(edi, edi);
            a.mov(rsi, UserSpace.Data64);
            a.mov(rax, UserSpace.Vdso64 + symbol.Offset);
            a.call(rax);
        });
    }

    private static void CallEmpty(Assembler a)
    {
        Label empty = a.CreateLabel("empty"), over = a.CreateLabel("over");
        a.call(empty);
        a.jmp(over);
        a.Label(ref empty);
        a.ret();
        a.Label(ref over);
    }
}
