using System.Collections.Immutable;
using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>
/// Turns the ports of one core into those of another that takes its figures over: loads and stores to those that do them there, anything else to the
/// ports of the same names, and to any port where there are none.
/// </summary>
internal sealed class PortTranslation(PipelineGeometry from, PipelineGeometry to)
{
    private readonly bool _isSame = from.Ports.SequenceEqual(to.Ports);

    public InstructionTiming Translate(InstructionTiming timing) => _isSame ? timing : timing with
    {
        Uses = [.. timing.Uses.Select(use => use with { Ports = Translate(use.Ports) }).Where(use => use.Ports != 0).OrderBy(use => BitOperations.PopCount(use.Ports))],
    };

    private uint Translate(uint ports)
    {
        if (ports == from.StoreData)
            return to.StoreData;
        if (ports == from.StoreAddress)
            return to.StoreAddress;
        if (ports == from.Loads)
            return to.Loads;
        var mask = 0u;
        for (var i = 0; i < from.Ports.Length; i++)
        {
            if ((ports & (1u << i)) != 0 && to.Ports.IndexOf(from.Ports[i]) is var index and >= 0)
                mask |= 1u << index;
        }

        return mask != 0 ? mask : (1u << to.Ports.Length) - 1;
    }
}
