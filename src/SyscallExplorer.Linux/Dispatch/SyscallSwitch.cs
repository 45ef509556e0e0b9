using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>x64_sys_call</c> and its sisters, from Linux 6.9 on: a switch over all numbers, which compilers make a tree of comparisons with a direct
/// call at each leaf. No indirect branch is left to steer.
/// </summary>
internal static class SyscallSwitch
{
    /// <summary>Bytes of the comparison with which a switch begins.</summary>
    public const int ComparisonLength = 6;

    /// <summary>The function for a kind of caller.</summary>
    public static string SymbolOf(SyscallAbi abi) => abi switch
    {
        SyscallAbi.Wide => "x64_sys_call",
        SyscallAbi.Ia32 => "ia32_sys_call",
        _ => "x32_sys_call",
    };

    public static void Emit(KernelAssembler k)
    {
        if (!k.Traits.DispatchesBySwitch)
            return;
        foreach (SyscallAbi abi in Enum.GetValues<SyscallAbi>())
            EmitSwitch(k, abi);
    }

    /// <summary>RDI is the registers, ESI the number.</summary>
    private static void EmitSwitch(KernelAssembler k, SyscallAbi abi)
    {
        k.Phase(PhaseKind.Dispatch);
        k.Global(SymbolOf(abi));
        List<(int Number, string Handler)> cases = [.. Enumerable.Range(0, k.Traits.SizeOf(abi)).Select(number => (number, HandlerCode.TargetOf(k.Traits, number, abi)))
            .Where(known => known.Item2 != HandlerCode.NiSyscall)];
        EmitTree(k, cases, SymbolOf(abi));
        k.Local(SymbolOf(abi) + ".hole");
        k.jmp(k.To(HandlerCode.NiSyscall));
    }

    private static void EmitTree(KernelAssembler k, ReadOnlySpan<(int Number, string Handler)> cases, string name)
    {
        const int fewEnough = 3;
        if (cases.Length <= fewEnough)
        {
            foreach ((int number, string handler) in cases)
            {
                k.cmp(esi, number);
                k.je(k.To(handler));
            }

            k.jmp(k.To(name + ".hole"));
            return;
        }

        int middle = cases.Length / 2;
        string above = k.Unique(name);
        k.cmp(esi, cases[middle].Number);
        k.je(k.To(cases[middle].Handler));
        k.ja(k.To(above));
        EmitTree(k, cases[..middle], name);
        k.Local(above);
        EmitTree(k, cases[(middle + 1)..], name);
    }

    private static void EmitTree(KernelAssembler k, List<(int Number, string Handler)> cases, string name) =>
        EmitTree(k, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(cases), name);
}
