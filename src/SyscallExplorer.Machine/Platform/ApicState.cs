using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>The local vectors of timer, thermal sensor, performance counters, LINT0, LINT1 and errors, in the order of their offsets.</summary>
[InlineArray(Count)]
internal struct LocalVectors
{
    public const int Count = 6;
    private uint _first;
}

/// <summary>The registers of a local APIC. SDM vol. 3A, 10.4.1.</summary>
internal struct ApicState
{
    /// <summary>IA32_APIC_BASE.</summary>
    public ulong Base;

    public uint TaskPriority;
    public uint LogicalDestination;
    public uint DestinationFormat;
    public uint SpuriousVector;

    /// <summary>ESR as the last write of it left it.</summary>
    public uint ErrorStatus;

    /// <summary>Errors since then.</summary>
    public uint PendingErrors;

    public ulong InterruptCommand;
    public LocalVectors Local;
    public VectorSet InService;
    public VectorSet TriggerMode;
    public VectorSet Requested;
    public ApicTimer Timer;

    /// <summary>As a reset leaves it, apart from <see cref="Base"/>. SDM vol. 3A, 10.4.7.1.</summary>
    public static ApicState AtReset(ulong apicBase)
    {
        var state = new ApicState { Base = apicBase, DestinationFormat = uint.MaxValue, SpuriousVector = 0xFF };
        for (int i = 0; i < LocalVectors.Count; i++)
            state.Local[i] = ApicBits.Masked;
        return state;
    }
}
