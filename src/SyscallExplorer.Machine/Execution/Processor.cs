namespace SyscallExplorer.Machine;

/// <summary>
/// One emulated x86-64 processor: registers, translation caches, decoded code, clock. It starts in 64-bit mode only when its owner has
/// set the registers up so; nothing here knows of an operating system.
/// </summary>
public sealed partial class Processor
{
    /// <summary>The architectural state; the caches below are derived from it and from memory.</summary>
    internal ProcessorState S;

    private readonly OperationDecoder _decoder;
    private readonly CodeCache _code;
    private readonly RecentCode _recent = new();
    private PendingException _pending;

    /// <summary>CPL, cached from CS.</summary>
    internal int Cpl;

    /// <summary>64-bit mode: IA32_EFER.LMA and CS.L.</summary>
    internal bool Is64Bit;

    /// <summary>Operand and address size that code is decoded with: 16, 32 or 64.</summary>
    internal int Bitness;

    /// <summary>All ones of the instruction pointer's width.</summary>
    internal ulong RipMask;

    /// <summary>Makes a processor that is stopped with all registers zero.</summary>
    /// <param name="model">What it is.</param>
    /// <param name="bus">Physical memory, devices and ports.</param>
    public Processor(CpuModel model, Bus bus)
    {
        Model = model;
        Bus = bus;
        Registers = new ProcessorRegisters(this);
        Interrupts = new InterruptLine();
        LocalApic = new LocalApic(this);
        Interrupts.NextClockChanged += LookAgain;
        LocalApic.NextClockChanged += LookAgain;
        _decoder = new OperationDecoder(model);
        _code = new CodeCache();
        _tlb = new Tlb(model.Microarchitecture.Tlb);
        _predictor = new BranchPredictor(model.Microarchitecture.Predictor);
        _events = EventCosts.Of(model.Microarchitecture);
        S.Rflags = Rflags.Fixed;
        S.Cr0 = Cr0.ET;
        S.Dr[6] = DebugStatus.Fixed;
        S.Dr[7] = DebugControl.Fixed;
        S.Mxcsr = Mxcsr.Initial;
        S.X87 = X87State.Initial;
        S.Xcr0 = StateComponents.X87;
        S.Apic = ApicState.AtReset(LocalApic.BaseAtReset(model));
        bus.Ram.HostWrote += _code.InvalidateFrame;
        bus.Ram.FrameReplaced += DropFastReadsOf;
        bus.Ram.FramesShared += DropFastTranslations;
        bus.Ram.ContentsReplaced += OnContentsReplaced;
        bus.WalkerWrote += OnWalkerWrite;
        RefreshDerivedState();
    }

    /// <summary>What the processor is.</summary>
    public CpuModel Model { get; }

    /// <summary>Physical memory, devices and ports.</summary>
    public Bus Bus { get; }

    /// <summary>The registers, to read and to set from outside.</summary>
    public ProcessorRegisters Registers { get; }

    /// <summary>External interrupts that are to come at a given clock.</summary>
    public InterruptLine Interrupts { get; }

    /// <summary>The local APIC. On a CPU model that has none it stays disabled, and only TPR is there, as CR8.</summary>
    public LocalApic LocalApic { get; }

    /// <summary>The interrupt controllers of a PC/AT, where it is connected to some.</summary>
    private AtInterrupts? _atInterrupts;

    /// <summary>Connects its INTR pin.</summary>
    internal void Connect(AtInterrupts controllers)
    {
        if (_atInterrupts is not null)
            throw new InvalidOperationException("The processor is connected to interrupt controllers already.");
        _atInterrupts = controllers;
        controllers.NextClockChanged += LookAgain;
        LookAgain();
    }

    /// <summary>Who answers VMCALL in ring 0; without one it is #UD.</summary>
    public IHypercallHandler? Hypercalls { get; set; }

    /// <summary>Decides the numbers of RDRAND and RDSEED to come: equal seeds give equal numbers. It moves on with each number.</summary>
    public ulong RandomSeed
    {
        get => S.RandomState;
        set => S.RandomState = value;
    }

    /// <summary>Core clock in 1/256 cycles since power-on.</summary>
    public long Clock => S.Clock;

    /// <summary>Instructions executed since power-on, those that faulted included.</summary>
    public long InstructionCount => S.Instructions;

    /// <summary>Current privilege level, 0 to 3.</summary>
    public int CurrentPrivilegeLevel => Cpl;

    /// <summary>Whether it executes 64-bit code (and not compatibility mode).</summary>
    public bool IsIn64BitMode => Is64Bit;

    internal bool IsLongModeActive => (S.Efer & Efer.LMA) != 0;

    /// <summary>The address of the next instruction.</summary>
    internal ulong NextRip(Operation op) => (S.Rip + (ulong)op.Length) & RipMask;

    /// <summary>Notes an exception; the loop delivers it.</summary>
    internal Outcome Raise(Vector vector, uint errorCode = 0, ulong faultAddress = 0, EventSource source = EventSource.Fault)
    {
        _pending = new PendingException(vector, errorCode, faultAddress, source);
        return Outcome.Fault;
    }

    /// <summary>Notes #GP(error code).</summary>
    internal Outcome GeneralProtection(uint errorCode = 0) => Raise(Vector.GeneralProtection, errorCode);

    /// <summary>Loads CS with its cache and what follows from it.</summary>
    internal void SetCs(in Segment segment)
    {
        S.Segments[(int)SegmentName.CS] = segment;
        RefreshMode();
    }

    internal void RefreshMode()
    {
        ref readonly Segment cs = ref S.Segments[(int)SegmentName.CS];
        Cpl = cs.Selector & 3;
        Is64Bit = IsLongModeActive && cs.IsLong;
        Bitness = Is64Bit ? 64 : cs.IsBig ? 32 : 16;
        RipMask = Is64Bit ? ulong.MaxValue : uint.MaxValue;
        RefreshAccessClass();
    }

    /// <summary>Recomputes everything that is derived from registers, after they were set from outside.</summary>
    internal void RefreshDerivedState()
    {
        RefreshPagingMode();
        RefreshDelivery();
        RefreshMode();
        RefreshUnits();
        RefreshBreakpoints();
        SelectFastContext();
        RefreshApicPage();
        LocalApic.Refresh();
    }

    /// <summary>Decoded instructions carry their costs, which depend on how events are delivered.</summary>
    private void RefreshDelivery()
    {
        if (_decoder.DeliversByFred == IsFredEnabled)
            return;
        _decoder.DeliversByFred = IsFredEnabled;
        _code.Clear();
    }

    private void OnContentsReplaced()
    {
        _code.Clear();
        DropFastTranslations();
    }

    private void OnWalkerWrite(ulong physicalAddress)
    {
        if (_code.IsCodeFrame(physicalAddress))
            _code.InvalidateRange(physicalAddress, sizeof(ulong));
    }
}
