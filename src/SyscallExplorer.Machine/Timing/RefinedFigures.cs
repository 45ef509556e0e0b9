using System.Collections.Frozen;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// Figures that take the place of an instruction's own once it is known what it does: which register a WRMSR writes, what an IRET returns to. Their keys
/// are the instruction's name, a colon and what it does: <c>iret:sameLevel</c>, <c>wrmsr:IA32_FS_BASE</c>. A file need have none of them.
/// </summary>
internal sealed class RefinedFigures
{
    private const string WriteMsr = "wrmsr:", X2Apic = WriteMsr + "x2APIC", SameLevel = "iret:sameLevel", Task = "iret:task";

    /// <summary>The keys.</summary>
    public static readonly FrozenSet<string> Keys = ((string[])[SameLevel, Task, X2Apic, .. MsrTable.All.Select(KeyOf)]).ToFrozenSet(StringComparer.Ordinal);

    private readonly FrozenDictionary<uint, Figure> _writes;
    private readonly Figure? _x2Apic;

    /// <param name="microarchitecture">Whose figures they are.</param>
    public RefinedFigures(Microarchitecture microarchitecture)
    {
        _writes = MsrTable.All.Select(register => (register.Address, Figure: microarchitecture.Refined(KeyOf(register)))).Where(pair => pair.Figure is not null)
            .ToFrozenDictionary(pair => pair.Address, pair => pair.Figure!);
        _x2Apic = microarchitecture.Refined(X2Apic);
        IretSameLevel = microarchitecture.Refined(SameLevel);
        IretTask = microarchitecture.Refined(Task);
    }

    /// <summary>IRET that stays on its level.</summary>
    public Figure? IretSameLevel { get; }

    /// <summary>IRET with NT set: a return to the task that was left.</summary>
    public Figure? IretTask { get; }

    /// <summary>WRMSR to a register.</summary>
    public Figure? OfWrite(uint register) =>
        register is >= LocalApic.FirstMsr and <= LocalApic.LastMsr ? _x2Apic : _writes.GetValueOrDefault(register);

    /// <summary>The key of the figure that another one refines; null for one that refines none.</summary>
    public static string? Refines(string key) => Keys.Contains(key) ? key[..key.IndexOf(':', StringComparison.Ordinal)] : null;

    /// <summary>Whether instructions of a form have such figures.</summary>
    public static bool Refine(Code code) => code is Code.Wrmsr or Code.Iretw or Code.Iretd or Code.Iretq;

    private static string KeyOf(MsrDefinition register) => WriteMsr + register.Name;
}
