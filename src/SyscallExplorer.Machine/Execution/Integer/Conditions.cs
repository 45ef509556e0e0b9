namespace SyscallExplorer.Machine;

/// <summary>A condition on the flags. SDM vol. 1, appendix B, table B-1.</summary>
internal interface ICondition
{
    static abstract bool Holds(ulong flags);
}

/// <summary>The opposite of a condition: the odd condition codes.</summary>
internal readonly struct Not<TCondition> : ICondition where TCondition : struct, ICondition
{
    public static bool Holds(ulong flags) => !TCondition.Holds(flags);
}

internal readonly struct Overflow : ICondition
{
    public static bool Holds(ulong flags) => (flags & Rflags.OF) != 0;
}

internal readonly struct Below : ICondition
{
    public static bool Holds(ulong flags) => (flags & Rflags.CF) != 0;
}

internal readonly struct Equal : ICondition
{
    public static bool Holds(ulong flags) => (flags & Rflags.ZF) != 0;
}

internal readonly struct BelowOrEqual : ICondition
{
    public static bool Holds(ulong flags) => (flags & (Rflags.CF | Rflags.ZF)) != 0;
}

internal readonly struct Sign : ICondition
{
    public static bool Holds(ulong flags) => (flags & Rflags.SF) != 0;
}

internal readonly struct Parity : ICondition
{
    public static bool Holds(ulong flags) => (flags & Rflags.PF) != 0;
}

internal readonly struct Less : ICondition
{
    // OF is four bits above SF.
    public static bool Holds(ulong flags) => ((flags ^ (flags >> 4)) & Rflags.SF) != 0;
}

internal readonly struct LessOrEqual : ICondition
{
    public static bool Holds(ulong flags) => Less.Holds(flags) || Equal.Holds(flags);
}
