namespace SyscallExplorer.Machine;

/// <summary>
/// The predictors: a two-bit counter for each conditional branch, a buffer of targets and a return stack. Sizes come from the microarchitecture. They are
/// indexed by linear address and know of no history.
/// </summary>
internal sealed class BranchPredictor
{
    private readonly byte[] _counters;
    private readonly TargetBuffer _targets;
    private readonly ulong[] _returns;
    private int _returnTop;

    public BranchPredictor(BranchPredictorGeometry geometry)
    {
        _counters = new byte[Math.Max(1, geometry.ConditionalCounters)];
        _targets = new TargetBuffer(geometry.TargetEntries);
        _returns = new ulong[Math.Max(1, geometry.ReturnStackEntries)];
    }

    /// <summary>Learns a conditional branch.</summary>
    /// <returns>Whether it was predicted.</returns>
    public bool Conditional(ulong rip, bool taken)
    {
        ref byte counter = ref _counters[rip % (ulong)_counters.Length];
        bool predicted = counter >= 2;
        if (taken)
            counter = (byte)Math.Min(3, counter + 1);
        else
            counter = (byte)Math.Max(0, counter - 1);
        return predicted == taken;
    }

    /// <summary>Learns where a branch goes that is taken.</summary>
    /// <returns>Whether that was known before it was decoded, or before its target was computed.</returns>
    public bool Target(ulong rip, ulong target) => _targets.Learn(rip, target);

    /// <summary>A near call: its return address goes on the return stack.</summary>
    public void Call(ulong returnAddress)
    {
        _returnTop = (_returnTop + 1) % _returns.Length;
        _returns[_returnTop] = returnAddress;
    }

    /// <summary>A near return.</summary>
    /// <returns>Whether it was predicted.</returns>
    public bool Return(ulong target)
    {
        bool predicted = _returns[_returnTop] == target;
        _returnTop = (_returnTop + _returns.Length - 1) % _returns.Length;
        return predicted;
    }

    /// <summary>IBPB: forgets the targets.</summary>
    public void ForgetTargets() => _targets.Clear();

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_counters);
        _targets.Clear();
        Array.Clear(_returns);
    }

    public BranchPredictor Clone() => new(this);

    private BranchPredictor(BranchPredictor other)
    {
        _counters = (byte[])other._counters.Clone();
        _targets = other._targets.Clone();
        _returns = (ulong[])other._returns.Clone();
        _returnTop = other._returnTop;
    }

    public void CopyFrom(BranchPredictor other)
    {
        other._counters.CopyTo(_counters, 0);
        _targets.CopyFrom(other._targets);
        other._returns.CopyTo(_returns, 0);
        _returnTop = other._returnTop;
    }
}
