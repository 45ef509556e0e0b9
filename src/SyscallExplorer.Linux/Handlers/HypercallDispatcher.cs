using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The host's end of every hypercall of the kernel's guest code.</summary>
internal sealed class HypercallDispatcher(LinuxMachine machine) : IHypercallHandler
{
    private const int FaultWrite = 2;
    private const int FaultInstruction = 16;

    private readonly HostedHandlers _handlers = new(machine);

    public HypercallResult Invoke(Processor processor, int number, out long cycles)
    {
        cycles = 0;
        ProcessorRegisters registers = processor.Registers;
        if (HandlerTable.OfHypercall(number) is { } handler)
            return RunHandler(processor, handler, number & HypercallNumbers.Callers, out cycles);

        if (number >= HypercallNumbers.FirstAdded && number - HypercallNumbers.FirstAdded < machine.State.AddedSyscalls.Length)
        {
            RunAdded(processor, machine.State.AddedSyscalls[number - HypercallNumbers.FirstAdded]);
            return Next;
        }

        switch (number & ~HypercallNumbers.Callers)
        {
            case HypercallNumbers.NotImplemented:
                cycles = Charge("not_implemented");
                SetResult(-Errno.ENOSYS);
                CountMissing(machine.ReadCallRegisters(), (number & HypercallNumbers.Compat) != 0);
                return HypercallResult.Continue;
            case HypercallNumbers.HandleMmFault:
                cycles = Charge("handle_mm_fault");
                FaultResult fault = HandleFault((uint)registers[Gpr.Rsi], registers[Gpr.Rdx]);
                registers[Gpr.Rax] = (ulong)(uint)(fault.Signal | (fault.Code << ExceptionHandlers.SignalCodeShift));
                return Next;
            case HypercallNumbers.ForceSignal:
                cycles = Charge("force_signal");
                Force(processor);
                return Next;
            case HypercallNumbers.Die:
                Die(processor);
                return HypercallResult.Stop;
            case HypercallNumbers.PickNextTask:
                cycles = Charge("pick_next_task");
                registers[Gpr.Rax] = machine.Scheduler.PickNext(out ulong controlRegister3);
                registers[Gpr.Rdx] = controlRegister3;
                return Next;
            case HypercallNumbers.EnterIdle:
                cycles = Charge("enter_idle");
                machine.EnterIdle();
                return Next;
            case HypercallNumbers.TimerInterrupt:
                cycles = Charge("timer_interrupt");
                machine.Timers.Run(userMode: (machine.ReadPtRegs(registers[Gpr.Rdi])[PtRegsOffsets.Cs] & 3) != 0);
                return Next;
            case HypercallNumbers.DoSignal:
                cycles = Charge("do_signal");
                SetResult(machine.Signals.Deliver(registers[Gpr.Rdi]));
                return Next;
            case HypercallNumbers.ResumeUserModeWork:
                cycles = Charge("resume_user_mode_work");
                machine.Tasks.Current.SetFlag(ThreadFlags.NotifyResume, false);
                machine.RestartableSequences.Resume(registers[Gpr.Rdi]);
                return Next;
            case HypercallNumbers.EntryWork:
                bool isEntered = new SyscallEntryWork(machine).TryFinish(registers[Gpr.Rdi], out ulong called, out cycles);
                SetResult(isEntered ? 0 : HostedCalls.Blocked);
                registers[Gpr.Rax] = machine.Architecture.Word((long)called);
                return Next;
            case HypercallNumbers.ExitWork:
                bool isLeft = new SyscallExitWork(machine).TryFinish(registers[Gpr.Rdi], out cycles);
                SetResult(isLeft ? 0 : HostedCalls.Blocked);
                return Next;
            case HypercallNumbers.TraceExecution:
                SetResult(new ExecutionStop(machine).Tell() ? HostedCalls.Blocked : 0);
                return Next;
            case HypercallNumbers.VsyscallCheck:
                cycles = Charge("emulate_vsyscall");
                registers[Gpr.Rax] = (ulong)new VsyscallEmulation(machine).Check(machine.ReadPtRegs(registers[Gpr.Rdi]), registers[Gpr.Rdx], out ulong caller);
                registers[Gpr.Rdx] = caller;
                return Next;
            case HypercallNumbers.VsyscallFilter:
                bool isFiltered = new SyscallEntryWork(machine).TryFilterVsyscall(registers[Gpr.Rdi], registers[Gpr.Rdx], out bool isSkipped, out cycles);
                SetResult(!isFiltered ? HostedCalls.Blocked : isSkipped ? VsyscallFault.Skipped : VsyscallFault.Allowed);
                return Next;
            case HypercallNumbers.VsyscallFault:
                new VsyscallEmulation(machine).Refuse(machine.ReadPtRegs(registers[Gpr.Rdi]), (int)registers[Gpr.Rdx]);
                return Next;
            case HypercallNumbers.ExitLoop:
                machine.State = machine.State with { Refusal = DescribeWork(processor) };
                return HypercallResult.Stop;
            default:
                return HypercallResult.Unknown;
        }
    }

    private HypercallResult Next => machine.IsOver ? HypercallResult.Stop : HypercallResult.Continue;

    private HypercallResult RunHandler(Processor processor, SyscallHandler handler, int caller, out long cycles)
    {
        PtRegs frame = machine.ReadCallRegisters();
        bool fromGuestCode = handler.Entry64 is null && handler.Entry32 is null;
        SyscallAbi abi = caller switch
        {
            HypercallNumbers.Compat => SyscallAbi.Ia32,
            HypercallNumbers.X32 => SyscallAbi.X32,
            _ when machine.Architecture.IsNative32 => SyscallAbi.Ia32,
            _ when !fromGuestCode => SyscallAbi.Wide,
            _ => machine.IsInCompatCall ? SyscallAbi.Ia32 : IsOfX32(frame) ? SyscallAbi.X32 : SyscallAbi.Wide,
        };
        cycles = Charge(handler.Name);
        SetResult(Step(handler.Name, ArgumentsOf(processor, frame, abi)));
        return Next;
    }

    private void RunAdded(Processor processor, AddedSyscall added)
    {
        PtRegs frame = machine.ReadCallRegisters();
        SyscallArguments arguments = ArgumentsOf(processor, frame, added.IsCompat ? SyscallAbi.Ia32 : SyscallAbi.Wide);
        SetResult(added.Function!(new AddedCall(machine, arguments, frame)));
    }

    /// <summary>Where handlers have their arguments in registers, not all of which the frame holds, the stub has kept them at RBP.</summary>
    private SyscallArguments ArgumentsOf(Processor processor, PtRegs frame, SyscallAbi abi)
    {
        if (machine.Kernel.Traits.HandlersTakeRegisters || machine.Architecture.IsNative32)
            return new SyscallArguments(frame, abi);
        byte[] bytes = new byte[SyscallArguments.Count * sizeof(ulong)];
        machine.ReadKernel(processor.Registers[Gpr.Rbp], bytes);
        return new SyscallArguments(frame, abi, [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bytes)]);
    }

    /// <summary>A number from the range that x32 has for itself.</summary>
    private static bool IsOfX32(PtRegs frame)
    {
        const ulong bit = 0x4000_0000, first = 512;
        return (frame[PtRegsOffsets.OrigAx] & bit) != 0 && (frame[PtRegsOffsets.OrigAx] & (bit - 1)) >= first;
    }

    /// <summary>
    /// One step of a call. A signal that is there when the call wants to wait, or that came while it did, ends it with the result that the
    /// wait gave for this case; only a call that asked for it is told.
    /// </summary>
    private long Step(string name, SyscallArguments arguments)
    {
        int id = machine.Tasks.CurrentId;
        while (true)
        {
            if (machine.Task is { Wait: { TellsOfSignals: false } wait, Reason: WakeReason.Interrupted })
                return End(wait.OnSignal);
            long result = _handlers.Invoke(name, arguments);
            if (result != HostedCalls.Blocked)
                return End(result);
            if (machine.Tasks.Find(id) is not { State: RunState.Sleeping } sleeper || !machine.Signals.Interrupts(sleeper))
                return HostedCalls.Blocked;
            machine.Task = sleeper with { State = RunState.Runnable, Reason = WakeReason.Interrupted };
        }
    }

    private long End(long result)
    {
        if (machine.Task.Wait is not { } wait)
            return result;
        machine.Task = machine.Task with { Wait = null, Reason = WakeReason.Start };
        foreach (HeldFile file in wait.Files)
            machine.Files.Release(file.Number);
        return result;
    }

    /// <summary>Carry tells guest code that the task has to give the processor up.</summary>
    private void SetResult(long result)
    {
        ProcessorRegisters registers = machine.Processor.Registers;
        bool blocked = result == HostedCalls.Blocked;
        registers.Flags = blocked ? registers.Flags | Rflags.CF : registers.Flags & ~Rflags.CF;
        if (!blocked)
            registers[Gpr.Rax] = machine.Architecture.Word(result);

        // What is wider than a register of a 32-bit kernel has its upper half in EDX, as in a function of C.
        if (!blocked && machine.Architecture.IsNative32 && result is < 0 or > uint.MaxValue)
            registers[Gpr.Rdx] = (uint)(result >> 32);
    }

    private long Charge(string name)
    {
        Figure figure = machine.Costs[name];
        machine.HypercallLedger?.AddOrUpdate(name);
        return figure.Cost;
    }

    private FaultResult HandleFault(uint error, ulong address) =>
        machine.Memory.HandleFault(address, (error & FaultWrite) != 0, (error & FaultInstruction) != 0);

    private void CountMissing(PtRegs frame, bool compat)
    {
        int number = (int)frame[PtRegsOffsets.OrigAx];
        SyscallTable table = compat ? machine.Kernel.Table32 : machine.Kernel.Table64;
        string name = table.Find(number)?.Name ?? number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        machine.CountMissing(name);
    }

    private void Die(Processor processor)
    {
        (PtRegs frame, Trap trap) = ReadTrap(processor);
        machine.State = machine.State with { Fatal = FatalReports.Make(machine, 0, trap, frame) };
    }

    /// <summary>An exception of the program becomes its signal.</summary>
    private void Force(Processor processor)
    {
        const int signalMask = (1 << ExceptionHandlers.SignalCodeShift) - 1;
        (PtRegs frame, Trap trap) = ReadTrap(processor);
        int signal = (int)processor.Registers[Gpr.Rdx];
        machine.Signals.Force(signal & signalMask, signal >> ExceptionHandlers.SignalCodeShift, trap, frame);
    }

    private (PtRegs Frame, Trap Trap) ReadTrap(Processor processor)
    {
        ProcessorRegisters registers = processor.Registers;
        var vector = (Vector)registers[Gpr.Rcx];
        bool hasError = vector == Vector.Debug || ExceptionEntries.Table.Any(entry => entry.Vector == vector && entry.HasErrorCode);
        ulong error = hasError ? registers[Gpr.Rsi] : 0;
        ulong address = vector != Vector.PageFault ? 0 : machine.ReadFredEvent(registers[Gpr.Rdi])?.Data ?? registers.ControlRegister2;
        return (machine.ReadPtRegs(registers[Gpr.Rdi]), new Trap(vector, error, address));
    }

    private string DescribeWork(Processor processor)
    {
        GuestTask task = machine.Tasks.Current;
        return $"The task has the thread flags {task.Flags:x}h set, and nothing in this kernel serves them yet:"
            + $" probes and patches are still to come. The kernel stopped at {machine.SymbolText(processor.Registers.Rip)}.";
    }
}
