namespace SyscallExplorer.Machine;

/// <content>Model-specific registers and the time-stamp counter.</content>
public sealed partial class Processor
{
    private readonly ulong[] _storedMsrs = MsrTable.StoredAtReset;

    /// <summary>Whether there are MONITOR and MWAIT now: IA32_MISC_ENABLE can take them away on Intel's processors. SDM vol. 4, table 2-2.</summary>
    internal bool IsMonitorEnabled =>
        Model.Has(CpuFeature.Monitor) && (Model.Vendor != CpuVendor.Intel || (_storedMsrs[MsrTable.MiscEnableSlot] & MsrTable.EnableMonitor) != 0);

    internal ref ulong StoredMsr(int slot) => ref _storedMsrs[slot];

    internal bool TryReadMsr(uint address, out ulong value)
    {
        value = 0;
        if (address is >= LocalApic.FirstMsr and <= LocalApic.LastMsr)
            return LocalApic.TryReadMsr(address, out value);
        if (address == Msr.PredCmd || MsrTable.Find(Model, address) is not { } definition)
            return false;
        value = definition.Read(this);
        return true;
    }

    internal bool TryWriteMsr(uint address, ulong value) =>
        address is >= LocalApic.FirstMsr and <= LocalApic.LastMsr
            ? LocalApic.TryWriteMsr(address, value)
            : MsrTable.Find(Model, address) is { } definition && definition.Write(this, value);

    /// <summary>The TSC: core cycles times the model's ratio, plus what software added.</summary>
    internal ulong ReadTsc()
    {
        (long numerator, long denominator) = Model.Microarchitecture.TscRatio;
        return (ulong)((Int128)(S.Clock >> 8) * numerator / denominator) + S.TscOffset;
    }

    internal bool WriteTsc(ulong value)
    {
        S.TscOffset = 0;
        S.TscOffset = value - ReadTsc();
        LocalApic.Refresh();
        return true;
    }

    /// <summary>IA32_EFER. SDM vol. 3A, 2.2.1 and 9.8.5.</summary>
    internal bool WriteEfer(ulong value)
    {
        ulong legal = Efer.LMA
            | (Model.Has(CpuFeature.Syscall) ? Efer.SCE : 0)
            | (Model.Has(CpuFeature.Lm) ? Efer.LME : 0)
            | (Model.Has(CpuFeature.Nx) ? Efer.NXE : 0);
        if ((value & ~legal) != 0)
            return false;
        if (((value ^ S.Efer) & Efer.LME) != 0 && (S.Cr0 & Cr0.PG) != 0)
            return false;
        ulong changed = value ^ S.Efer;
        S.Efer = (value & ~Efer.LMA) | (S.Efer & Efer.LMA);
        if ((changed & Efer.NXE) != 0)
        {
            RefreshPagingMode();
            InvalidateAllTranslations(alsoGlobal: true);
        }

        return true;
    }

    internal ulong SegmentBase(SegmentName name) => S.Segments[(int)name].Base;

    internal bool TrySetSegmentBase(SegmentName name, ulong value)
    {
        if (!IsCanonicalBase(value))
            return false;
        ref Segment segment = ref S.Segments[(int)name];
        segment = segment with { Base = value };
        return true;
    }
}
