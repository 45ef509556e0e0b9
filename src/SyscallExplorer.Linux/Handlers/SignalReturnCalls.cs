using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>rt_sigreturn and sigreturn: the program goes on as a frame says. man 2 sigreturn.</summary>
internal sealed class SignalReturnCalls(LinuxMachine machine) : HostedCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("hosted_rt_sigreturn", a => Return(a.IsX32 ? FrameKind.X32 : a.IsCompat ? FrameKind.Compat : FrameKind.Wide)),
        ("hosted_sigreturn", _ => Return(FrameKind.Old)),
    ];

    private enum FrameKind
    {
        Wide,
        X32,
        Compat,
        Old,
    }

    /// <summary>The guest's part: the result of the call is what the registers have in RAX, whatever it is.</summary>
    public static void RtSigreturn(KernelAssembler k) => Emit(k, "hosted_rt_sigreturn");

    /// <inheritdoc cref="RtSigreturn"/>
    public static void Sigreturn(KernelAssembler k) => Emit(k, "hosted_sigreturn");

    private static void Emit(KernelAssembler k, string name)
    {
        HypercallStub.Waiting(k, HandlerTable.HypercallOf(name));
        if (k.Traits.HandlersTakeRegisters)
        {
            k.mov(rax, __qword_ptr[rbp + PtRegsOffsets.Ax]);
        }
        else
        {
            k.LoadTopOfStack(rax);
            k.mov(rax, __qword_ptr[rax + PtRegsOffsets.Ax - PtRegsOffsets.Size]);
        }

        k.ret();
    }

    private long Return(FrameKind kind)
    {
        GuestTask guest = Tasks.Current;
        PtRegs registers = Machine.ReadPtRegs(guest.Registers);
        var fpu = new TaskFpu(Machine);
        var segments = new UserSegmentRegisters(Machine);
        FpuFormat format = fpu.FormatOf(guest);
        SignalFrameRules rules = SignalFrameRules.Linux_5_13.On(Machine.Architecture);
        SignalReturn back = kind switch
        {
            FrameKind.Wide => SignalReturn.From64(registers, Memory.TryRead, format, rules, segments.IsStackSegment),
            FrameKind.X32 => SignalReturn.FromX32(registers, Memory.TryRead, format, rules, segments.IsStackSegment),
            _ => SignalReturn.From32(registers, Memory.TryRead, format, rules, kind == FrameKind.Old),
        };
        PtRegs restored = back.Registers;
        Task = Task with { Signals = Task.Signals with { Restart = null } };
        if (back.Mask is { } mask)
            Machine.Signals.SetBlocked(mask);
        if (back.Segments is { } wanted)
            segments.Load(wanted);
        if (back.Fpu is { } image)
            fpu.Write(guest, image);
        if (back.Stack is { } stack)
            Task = Task with { Signals = Task.Signals with { Stack = Task.Signals.Stack.Change(stack, restored[PtRegsOffsets.Sp]).Stack } };
        if (!back.IsWhole)
        {
            restored = restored.With((PtRegsOffsets.Ax, 0));
            Machine.Signals.ForceFailedFrame(0);
        }

        Machine.ForgetSoftwareEvent(registers);
        Machine.WritePtRegs(restored);
        return 0;
    }
}
