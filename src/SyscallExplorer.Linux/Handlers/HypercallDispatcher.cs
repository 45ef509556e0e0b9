using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The host's end of every hypercall of the kernel's guest code.</summary>
internal sealed class HypercallDispatcher(LinuxMachine machine) : IHypercallHandler
{
    private const int FaultPresent = 1;
    private const int FaultWrite = 2;
    private const int FaultInstruction = 16;

    private readonly HostedHandlers _handlers = new(machine);

    public HypercallResult Invoke(Processor processor, int number, out long cycles)
    {
        cycles = 0;
        ProcessorRegisters registers = processor.Registers;
        if (HandlerTable.OfHypercall(number) is { } handler)
            return RunHandler(processor, handler, (number & HypercallNumbers.Compat) != 0, out cycles);

        switch (number & ~HypercallNumbers.Compat)
        {
            case HypercallNumbers.NotImplemented:
                cycles = Charge("not_implemented");
                registers[Gpr.Rax] = unchecked((ulong)-Errno.ENOSYS);
                CountMissing(machine.ReadPtRegs(registers[Gpr.Rdi]), (number & HypercallNumbers.Compat) != 0);
                return HypercallResult.Continue;
            case HypercallNumbers.HandleMmFault:
                cycles = Charge("handle_mm_fault");
                registers[Gpr.Rax] = (ulong)HandleFault((uint)registers[Gpr.Rsi], registers[Gpr.Rdx]);
                return HypercallResult.Continue;
            case HypercallNumbers.ForceSignal:
                End(processor, (int)registers[Gpr.Rdx]);
                return HypercallResult.Stop;
            case HypercallNumbers.Die:
                End(processor, signal: 0);
                return HypercallResult.Stop;
            case HypercallNumbers.EntryWork or HypercallNumbers.ExitWork or HypercallNumbers.ExitLoop:
                machine.State = machine.State with { Refusal = DescribeWork(processor) };
                return HypercallResult.Stop;
            default:
                return HypercallResult.Unknown;
        }
    }

    /// <summary>The handler's own stub leaves the registers in RDI; one that comes from guest code finds them where the entry left RBP.</summary>
    private HypercallResult RunHandler(Processor processor, SyscallHandler handler, bool compatStub, out long cycles)
    {
        ProcessorRegisters registers = processor.Registers;
        bool fromGuestCode = handler.Entry64 is null && handler.Entry32 is null;
        ulong address = fromGuestCode ? registers[Gpr.Rbp] : registers[Gpr.Rdi];
        PtRegs frame = machine.ReadPtRegs(address);
        bool compat = compatStub || (fromGuestCode && machine.IsInCompatCall);
        cycles = Charge(handler.Name);
        registers[Gpr.Rax] = unchecked((ulong)_handlers.Invoke(handler.Name, new SyscallArguments(frame, compat), out long slept));
        cycles += slept;
        return machine.IsOver ? HypercallResult.Stop : HypercallResult.Continue;
    }

    private long Charge(string name)
    {
        Figure figure = machine.Costs[name];
        machine.HypercallLedger?.AddOrUpdate(name);
        return figure.Cost;
    }

    private int HandleFault(uint error, ulong address) => machine.Memory.HandleFault(
        address, (error & FaultWrite) != 0, (error & FaultInstruction) != 0, (error & FaultPresent) != 0);

    private void CountMissing(PtRegs frame, bool compat)
    {
        int number = (int)frame[PtRegsOffsets.OrigAx];
        SyscallTable table = compat ? machine.Kernel.Table32 : machine.Kernel.Table64;
        string name = table.Find(number)?.Name ?? number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        machine.CountMissing(name);
    }

    private void End(Processor processor, int signal)
    {
        ProcessorRegisters registers = processor.Registers;
        PtRegs frame = machine.ReadPtRegs(registers[Gpr.Rdi]);
        var vector = (Vector)registers[Gpr.Rcx];
        ulong error = ExceptionEntries.Table.Any(entry => entry.Vector == vector && entry.HasErrorCode) ? registers[Gpr.Rsi] : 0;
        ulong faultAddress = vector == Vector.PageFault ? registers.ControlRegister2 : 0;
        machine.State = machine.State with { Fatal = FatalReports.Make(machine, signal, vector, error, faultAddress, frame) };
        if (signal == 0)
            return;

        // An exception cannot be ignored or blocked; a handler would be called.
        SignalState signals = machine.State.Signals;
        SignalAction action = signals.ActionOf(signal);
        if (action.Handler > SignalAction.Ignore && (signals.Blocked & SignalState.Bit(signal)) == 0)
            machine.State = machine.State with { Refusal = $"{machine.State.Fatal!.Title} {SignalCalls.HandlerSentence(signal, action)}" };
    }

    private string DescribeWork(Processor processor)
    {
        (uint work, uint flags) = machine.ReadWorkWords();
        return $"The task has syscall_work {work:x}h and thread flags {flags:x}h set, and nothing in this kernel serves them yet:"
            + $" tracing, seccomp, signals and scheduling are still to come. The kernel stopped at {machine.SymbolText(processor.Registers.Rip)}.";
    }
}
