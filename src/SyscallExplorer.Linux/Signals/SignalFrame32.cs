using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Frames of 32-bit programs, of two kinds: without SA_SIGINFO the old one, whose handler finds the machine context right behind the signal's
/// number, with it the one that has siginfo_t and ucontext_t. sys/ucontext.h of a 32-bit compiler gives the layouts.
/// </summary>
internal static class SignalFrame32
{
    /// <summary>Bytes of the machine context.</summary>
    public const int MachineContextSize = 88;

    /// <summary>Offset of the machine context in the old frame, behind the return address and the signal.</summary>
    public const int OldContext = 8;

    /// <summary>Offset of the upper half of the mask, behind a floating-point area that nobody uses any more.</summary>
    public const int OldMask = OldContext + MachineContextSize + UnusedFpuSize;

    /// <summary>Offset of the code that returns, for debuggers and for programs without a vDSO.</summary>
    public const int OldCode = OldMask + 4;

    /// <summary>Bytes of the old frame.</summary>
    public const int OldSize = OldCode + CodeSize;

    /// <summary>Offset of siginfo_t, behind the return address and three arguments.</summary>
    public const int Info = 16;

    /// <summary>Offset of ucontext_t.</summary>
    public const int Context = Info + SignalInfoBytes.Size;

    /// <summary>Offset of uc_stack.</summary>
    public const int ContextStack = Context + 8;

    /// <summary>Offset of uc_mcontext.</summary>
    public const int MachineContext = ContextStack + 12;

    /// <summary>Offset of uc_sigmask.</summary>
    public const int Mask = MachineContext + MachineContextSize;

    /// <summary>Offset of the code that returns.</summary>
    public const int Code = Mask + 8;

    /// <summary>Bytes of the frame with siginfo_t.</summary>
    public const int Size = Code + CodeSize;

    private const int CodeSize = 8;
    private const int UnusedFpuSize = 624;

    /// <summary>pop eax; mov eax, 119; int 80h.</summary>
    public static ReadOnlySpan<byte> OldReturnCode => [0x58, 0xB8, 119, 0, 0, 0, 0xCD, 0x80];

    /// <summary>mov eax, 173; int 80h.</summary>
    public static ReadOnlySpan<byte> ReturnCode => [0xB8, 173, 0, 0, 0, 0xCD, 0x80, 0];

    /// <summary>Makes a frame.</summary>
    /// <returns>Null where the kernel sends SIGSEGV instead, because the alternate stack is too small.</returns>
    public static SignalFrame? Build(SignalDelivery delivery)
    {
        bool isOld = !delivery.HasFlag(SignalActionFlags.SignalInfo);
        PtRegs registers = delivery.Registers;
        ulong interrupted = registers[PtRegsOffsets.Sp];
        ulong top = Top(delivery, interrupted);
        (ulong state, ulong image) = SignalFpuArea.Place(delivery.Fpu.Format, top, compat: true);
        ulong frame = ((state - (ulong)(isOld ? OldSize : Size) + 4) & ~15ul) - 4;
        bool entersOrStays = delivery.Stack.IsInUse(interrupted) || (delivery.HasFlag(SignalActionFlags.OnStack) && top != interrupted);
        if (delivery.Rules.ChecksEveryAlternateStack && entersOrStays && !delivery.Stack.Contains(frame))
            return null;

        var writer = new FrameWriter();
        SignalFpuArea.Write(writer, delivery.Fpu, image, compat: true, (ushort)registers[PtRegsOffsets.Cs], delivery.Segments.Ds);
        if (isOld)
            WriteOld(writer, delivery, frame, state);
        else
            Write(writer, delivery, frame, state);
        return new SignalFrame(frame, writer.Writes, HandlerRegisters(delivery, frame, isOld), LoadsUserData: true);
    }

    /// <summary>Before sigaltstack there was another way to name a stack: by the restorer, in programs with a stack segment of their own.</summary>
    private static ulong Top(SignalDelivery delivery, ulong interrupted)
    {
        if (delivery.HasFlag(SignalActionFlags.OnStack))
            return delivery.Stack.TopFor(interrupted);
        bool namesStack = delivery.Registers[PtRegsOffsets.Ss] != delivery.Rules.UserDs && !delivery.HasFlag(SignalActionFlags.Restorer);
        return namesStack && delivery.Action.Restorer != 0 ? delivery.Action.Restorer : interrupted;
    }

    private static void WriteOld(FrameWriter writer, SignalDelivery delivery, ulong frame, ulong state) => writer
        .Put(frame, new CStructure(compat: true).Word(ReturnAddress(delivery, delivery.Trampolines.Sigreturn, frame + OldCode)).Int32(delivery.Info.Signal))
        .Put(frame + OldContext, MachineContextOf(delivery, state))
        .Put(frame + OldMask, new CStructure(compat: true).Word(delivery.Mask >> 32))
        .Put(frame + OldCode, OldReturnCode.ToArray());

    private static void Write(FrameWriter writer, SignalDelivery delivery, ulong frame, ulong state)
    {
        ulong returnAddress = ReturnAddress(delivery, delivery.Trampolines.RtSigreturn, frame + Code);
        ulong flags = delivery.Fpu.Format.HasXsave ? SignalFrame64.HasXstate : 0;
        AlternateStack stack = delivery.Stack;
        CStructure arguments = new CStructure(compat: true).Word(returnAddress).Int32(delivery.Info.Signal).Word(frame + Info).Word(frame + Context);
        CStructure context = new CStructure(compat: true).Word(flags).Word(0ul).Word(stack.Address).Int32((int)stack.Flags).Word(stack.Size);
        writer.Put(frame, arguments)
            .Put(frame + Info, SignalInfoBytes.Write(delivery.Info, compat: true))
            .Put(frame + Context, context)
            .Put(frame + MachineContext, MachineContextOf(delivery, state))
            .Put(frame + Mask, new CStructure(compat: true).Int64((long)delivery.Mask))
            .Put(frame + Code, ReturnCode.ToArray());
    }

    private static ulong ReturnAddress(SignalDelivery delivery, ulong trampoline, ulong code) =>
        delivery.HasFlag(SignalActionFlags.Restorer) ? delivery.Action.Restorer : trampoline != 0 ? trampoline : code;

    private static CStructure MachineContextOf(SignalDelivery delivery, ulong state)
    {
        PtRegs registers = delivery.Registers;
        UserSegments segments = delivery.Segments;
        LastException exception = delivery.Exception;
        CStructure context = new CStructure(compat: true).Int32(segments.Gs).Int32(segments.Fs).Int32(segments.Es).Int32(segments.Ds);
        foreach (int offset in ContextRegisters)
            context.Word(registers[offset]);
        return context.Word(exception.Vector).Word(exception.ErrorCode).Word(registers[PtRegsOffsets.Ip]).Int32((ushort)registers[PtRegsOffsets.Cs])
            .Word(registers[PtRegsOffsets.Flags]).Word(registers[PtRegsOffsets.Sp]).Int32((ushort)registers[PtRegsOffsets.Ss])
            .Word(state).Word(delivery.Mask).Word(exception.Address);
    }

    /// <summary>The general registers in the order of the machine context.</summary>
    public static IReadOnlyList<int> ContextRegisters { get; } =
    [
        PtRegsOffsets.Di, PtRegsOffsets.Si, PtRegsOffsets.Bp, PtRegsOffsets.Sp, PtRegsOffsets.Bx, PtRegsOffsets.Dx, PtRegsOffsets.Cx, PtRegsOffsets.Ax,
    ];

    private static PtRegs HandlerRegisters(SignalDelivery delivery, ulong frame, bool isOld) => delivery.Registers.With(
        (PtRegsOffsets.Ax, (ulong)delivery.Info.Signal),
        (PtRegsOffsets.Dx, isOld ? 0 : frame + Info),
        (PtRegsOffsets.Cx, isOld ? 0 : frame + Context),
        (PtRegsOffsets.Ip, delivery.Action.Handler),
        (PtRegsOffsets.Sp, frame),
        (PtRegsOffsets.Cs, delivery.Rules.UserCs32),
        (PtRegsOffsets.Ss, delivery.Rules.UserDs),
        (PtRegsOffsets.Flags, delivery.Registers[PtRegsOffsets.Flags] & ~(Rflags.DF | Rflags.RF | Rflags.TF)));
}
