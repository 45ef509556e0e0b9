namespace SyscallExplorer.Machine;

/// <summary>
/// The local APIC of a processor: acceptance and priority of interrupts, its timer, and interrupts that the processor sends itself. It is reached by
/// registers in memory or, in x2APIC mode, by MSRs. SDM vol. 3A, chapter 10; APM vol. 2, chapter 16.
/// </summary>
/// <remarks>
/// It has no state of its own: its registers are part of the processor's, and so of a snapshot. There is one processor, so that interrupts for others
/// vanish. No I/O APIC listens to ends of interrupts, and nothing drives LINT0, LINT1, the thermal sensor or the performance counters. Acceptance and
/// acknowledgement are one step, so that no spurious interrupt comes up.
/// </remarks>
public sealed partial class LocalApic
{
    private const int FirstLegalVector = 16;
    private readonly Processor _cpu;
    private readonly ApicClock _clock;

    internal LocalApic(Processor cpu)
    {
        _cpu = cpu;
        _clock = ApicClock.Of(cpu.Model);
    }

    /// <summary>Raised when <see cref="NextClock"/> has changed.</summary>
    internal event Action? NextClockChanged;

    /// <summary>
    /// From which clock on an interrupt is pending that the processor takes as soon as it may, in 1/256 cycles: 0 when one is pending now,
    /// <see cref="long.MaxValue"/> when none will come by itself.
    /// </summary>
    public long NextClock { get; private set; } = long.MaxValue;

    /// <summary>How it is reached.</summary>
    public ApicMode Mode => (State.Base & (ApicBits.GlobalEnable | ApicBits.ExtendedMode)) switch
    {
        ApicBits.GlobalEnable => ApicMode.XApic,
        ApicBits.GlobalEnable | ApicBits.ExtendedMode => ApicMode.X2Apic,
        _ => ApicMode.Disabled,
    };

    /// <summary>Whether it accepts interrupts: enabled in IA32_APIC_BASE and by software in SVR.</summary>
    public bool IsEnabled => Mode != ApicMode.Disabled && IsSoftwareEnabled;

    /// <summary>The physical address of its registers in xAPIC mode.</summary>
    public ulong Address => State.Base & _cpu.Model.PhysicalMask & ~0xFFFul;

    /// <summary>Requests an interrupt, as a message from a device would.</summary>
    /// <param name="vector">16 to 255; another one is an error that ESR shows.</param>
    /// <param name="levelTriggered">What TMR then says of it.</param>
    public void Request(byte vector, bool levelTriggered = false)
    {
        Advance();
        Accept(vector, levelTriggered);
        Refresh();
    }

    /// <summary>Reads a register as the processor would now, without errors and without cost; a register that there is not reads as 0.</summary>
    /// <param name="register">Which. The seven registers that follow ISR, TMR and IRR have offsets between those named.</param>
    public uint Read(ApicRegister register) => TryRead(register, out uint value) ? value : 0;

    /// <summary>Writes a register as the processor would now, without errors and without cost; what cannot be written keeps its value.</summary>
    /// <param name="register">Which.</param>
    /// <param name="value">Its new value, with the effects that the write of an instruction has.</param>
    public void Write(ApicRegister register, uint value)
    {
        if (WritableBits(register) is { } writable)
            Store(register, value & writable);
    }

    private ref ApicState State => ref _cpu.S.Apic;

    private bool IsIntel => _cpu.Model.Vendor == CpuVendor.Intel;

    private bool HasTscDeadline => _cpu.Model.Has(CpuFeature.TscDeadlineTimer);

    private bool IsSoftwareEnabled => (State.SpuriousVector & ApicBits.SoftwareEnable) != 0;

    /// <summary>IA32_APIC_BASE after a reset: at its usual place, enabled, of the bootstrap processor.</summary>
    internal static ulong BaseAtReset(CpuModel model) =>
        model.Has(CpuFeature.Apic) ? 0xFEE0_0000 | ApicBits.GlobalEnable | ApicBits.BootstrapProcessor : 0;

    internal ulong Base => State.Base;

    /// <summary>
    /// WRMSR to IA32_APIC_BASE. From x2APIC mode the way leads to the disabled state only, and from there to xAPIC mode only. SDM vol. 3A, 10.12.5.
    /// </summary>
    /// <returns>False for #GP.</returns>
    internal bool WriteBase(ulong value)
    {
        ulong flags = ApicBits.BootstrapProcessor | ApicBits.GlobalEnable | (_cpu.Model.Has(CpuFeature.X2Apic) ? ApicBits.ExtendedMode : 0);
        if ((value & ~flags & ~(_cpu.Model.PhysicalMask & ~0xFFFul)) != 0)
            return false;
        bool enabled = (value & ApicBits.GlobalEnable) != 0;
        bool extended = (value & ApicBits.ExtendedMode) != 0;
        ApicMode from = Mode;
        if ((extended && !enabled) || (from == ApicMode.X2Apic && enabled && !extended) || (from == ApicMode.Disabled && extended))
            return false;

        Advance();
        if (!enabled)
            State = ApicState.AtReset(value);
        State.Base = value;
        if (extended && from != ApicMode.X2Apic)
            State.InterruptCommand = (uint)State.InterruptCommand;
        Refresh();
        _cpu.RefreshApicPage();
        return true;
    }

    /// <summary>IA32_TSC_DEADLINE, which reads as 0 when the timer is not armed or has another mode.</summary>
    internal ulong ReadDeadline()
    {
        Advance();
        return State.Timer.Deadline;
    }

    internal void WriteDeadline(ulong value)
    {
        Advance();
        if (TimerMode == ApicBits.TscDeadline)
            State.Timer.Deadline = value;
        Refresh();
    }
}
