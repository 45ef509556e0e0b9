using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A named step of an entry path.</summary>
internal sealed record EntryStep(string Name, Action<KernelAssembler> Emit);

/// <summary>
/// An entry path as the list of its steps. A kernel generation is its neighbour's list with steps replaced, inserted or removed.
/// </summary>
internal sealed record EntryPathCode(string Symbol, ImmutableArray<EntryStep> Steps)
{
    /// <summary>Puts another step in the place of one.</summary>
    public EntryPathCode Replace(string name, EntryStep step) => this with { Steps = Steps.SetItem(IndexOf(name), step) };

    /// <summary>Puts a step behind one.</summary>
    public EntryPathCode InsertAfter(string name, EntryStep step) => this with { Steps = Steps.Insert(IndexOf(name) + 1, step) };

    /// <summary>Leaves a step out.</summary>
    public EntryPathCode Remove(string name) => this with { Steps = Steps.RemoveAt(IndexOf(name)) };

    /// <summary>Writes the steps' code.</summary>
    public void Emit(KernelAssembler k)
    {
        k.Documented();
        k.Global(Symbol);
        foreach (EntryStep step in Steps)
            step.Emit(k);
    }

    private int IndexOf(string name)
    {
        for (int i = 0; i < Steps.Length; i++)
        {
            if (Steps[i].Name == name)
                return i;
        }

        throw new ArgumentException($"The entry path {Symbol} has no step '{name}'. Its steps: {string.Join(", ", Steps.Select(step => step.Name))}.", nameof(name));
    }
}
