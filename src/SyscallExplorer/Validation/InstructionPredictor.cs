using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>
/// Predicts what an instruction costs: one that programs may execute by a loop of it, as it was measured; one of the kernel's by its figure, which is what
/// manuals state.
/// </summary>
internal static class InstructionPredictor
{
    private static readonly Dictionary<string, Action<Assembler>> _loops = new(StringComparer.Ordinal)
    {
        ["cld"] = a => a.cld(),
        ["lfence"] = a => a.lfence(),
        ["mfence"] = a => a.mfence(),
        ["pause"] = a => a.pause(),
        ["rdpmc"] = a => a.rdpmc(),
        ["rdtsc"] = a => a.rdtsc(),
        ["rdtscp"] = a => a.rdtscp(),
        ["xgetbv"] = a => a.xgetbv(),
        ["pushfq"] = a => a.pushfq(),
        ["popfq"] = a => a.popfq(),
        ["pushfq; popfq"] = a => Both(a.pushfq, a.popfq),
        ["cpuid eax=0"] = a => a.cpuid(),
    };

    private static readonly Dictionary<string, Action<Assembler>> _loops32 = new(StringComparer.Ordinal)
    {
        ["pushfd; popfd"] = a => Both(a.pushfd, a.popfd),
        ["pushfd"] = a => a.pushfd(),
        ["popfd"] = a => a.popfd(),
        ["cli"] = a => a.cli(),
        ["sti"] = a => a.sti(),
        ["iretd"] = a => a.iretd(),
        ["int"] = a => a.@int(unchecked((sbyte)0x80)),
        ["lgdt"] = a => a.lgdt(__[eax]),
        ["ltr"] = a => a.ltr(ax),
        ["verw"] = a => a.verw(ax),
        ["arpl"] = a => a.arpl(cx, ax),
        ["sgdt"] = a => a.sgdt(__[eax]),
        ["mov s,r"] = a => a.mov(ds, eax),
        ["mov cr3,r"] = a => a.mov(cr3, eax),
        ["mov r,cr3"] = a => a.mov(eax, cr3),
    };

    private static readonly Dictionary<string, Action<Assembler>> _kernel64 = new(StringComparer.Ordinal)
    {
        ["syscall"] = a => a.syscall(),
        ["sysretq"] = a => a.sysretq(),
    };

    public static Prediction Predict(PublishedInstruction published)
    {
        Microarchitecture core = Cpus.Find(published.Cpu).Microarchitecture;
        if (published.Code == "cpuid eax=1")
        {
            Prediction leaf0 = Loop(core, _loops["cpuid eax=0"], 64);
            return core.FigureOf(TimingEvent.CpuidFeatureLeaf) is { } more ? Add(leaf0, more) : leaf0;
        }

        if (_loops.TryGetValue(published.Code, out Action<Assembler>? loop) || _kernel64.TryGetValue(published.Code, out loop))
            return Loop(core, loop, 64);
        return _loops32.TryGetValue(published.Code, out loop)
            ? Loop(core, loop, 32)
            : throw new ArgumentException($"{published.Id}: '{published.Code}' is no code that can be predicted. Known are {string.Join(", ", _loops.Keys.Concat(_loops32.Keys))}.");
    }

    private static Prediction Loop(Microarchitecture core, Action<Assembler> write, int bitness)
    {
        var assembler = new Assembler(bitness);
        write(assembler);
        var bytes = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(bytes), 0);
        double cycles = BlockTiming.CyclesPerIteration(core, bytes.ToArray(), bitness);
        List<FigureUse> uses = assembler.Instructions.Select(instruction => new FigureUse(core.FigureOf(instruction), 1)).ToList();
        double low = uses.Sum(use => use.Figure.Low) / 256.0, high = uses.Sum(use => use.Figure.High) / 256.0;
        double assumed = uses.Any(use => use.Figure.Confidence == Confidence.Assumed) ? 1 : 0;
        return new Prediction(cycles, Math.Min(low, cycles), Math.Max(high, cycles), assumed, uses, 1);
    }

    private static Prediction Add(Prediction one, Figure more) => one with
    {
        Cycles = one.Cycles + (more.Cost / 256.0),
        LowCycles = one.LowCycles + (more.Low / 256.0),
        HighCycles = one.HighCycles + (more.High / 256.0),
        Figures = [.. one.Figures, new FigureUse(more, 1)],
    };

    private static void Both(Action first, Action second)
    {
        first();
        second();
    }
}
