namespace SyscallExplorer.Linux;

/// <summary>How one argument is written: at entry where it is an input, at exit where the call fills it in, or a part at each.</summary>
/// <param name="Entry">Writes what is known at entry. Null: neither this argument nor those after it are written before the exit.</param>
/// <param name="Exit">Writes what is known at exit. Null: all is said at entry.</param>
/// <param name="Note">What to put aside at entry for the exit, or null.</param>
internal sealed record ArgumentKind(Action<CallText, int>? Entry, Action<CallText, int>? Exit = null, Func<CallText, int, string?>? Note = null)
{
    /// <summary>How many registers it takes in a 64-bit call.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>How many registers it takes in a 32-bit call.</summary>
    public int CompatSlots { get; init; } = 1;

    /// <summary>Its register, where its place among the arguments does not say it.</summary>
    public int? Slot { get; init; }

    /// <summary>An input.</summary>
    public static ArgumentKind In(Action<CallText, int> write) => new(write);

    /// <summary>An output: the address alone when the call fails.</summary>
    public static ArgumentKind Out(Action<CallText, int> write) => new(null, (text, slot) =>
    {
        if (text.Failed)
            text.Address(text[slot]);
        else
            write(text, slot);
    });

    /// <summary>Something that is written at exit, whether the call fails or not.</summary>
    public static ArgumentKind AtExit(Action<CallText, int> write) => new(null, write);

    /// <summary>A structure that is an input.</summary>
    public static ArgumentKind InStructure(Func<CallText, int> size, Action<CallText, StructureReader> write) => In((text, slot) => Structure(text, slot, size, write));

    /// <summary>A structure that the call fills in.</summary>
    public static ArgumentKind OutStructure(Func<CallText, int> size, Action<CallText, StructureReader> write) => Out((text, slot) => Structure(text, slot, size, write));

    /// <summary>Takes more registers than one.</summary>
    public ArgumentKind Taking(int slots, int compatSlots) => this with { Slots = slots, CompatSlots = compatSlots };

    /// <summary>Stands in another register than its place says.</summary>
    public ArgumentKind From(int slot) => this with { Slot = slot };

    private static void Structure(CallText text, int slot, Func<CallText, int> size, Action<CallText, StructureReader> write)
    {
        if (text.Structure(text[slot], size(text)) is { } structure)
            write(text, structure);
        else
            text.Address(text[slot]);
    }
}
