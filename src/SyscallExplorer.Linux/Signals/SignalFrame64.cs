using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Frames of 64-bit programs: the restorer's address, ucontext_t and siginfo_t, with the floating-point state above. sys/ucontext.h gives the
/// layouts; the System V ABI the red zone and the alignment.
/// </summary>
internal static class SignalFrame64
{
    /// <summary>UC_FP_XSTATE: the floating-point state has the extended form.</summary>
    public const ulong HasXstate = 1;

    /// <summary>UC_SIGCONTEXT_SS: the context has SS.</summary>
    public const ulong HasStackSegment = 2;

    /// <summary>UC_STRICT_RESTORE_SS: SS goes back as it is, even when that cannot work.</summary>
    public const ulong RestoresStackSegment = 4;

    /// <summary>Bytes below the stack pointer that a program may use without moving it.</summary>
    public const ulong RedZone = 128;

    /// <summary>Offset of ucontext_t.</summary>
    public const int Context = 8;

    /// <summary>Offset of uc_stack.</summary>
    public const int ContextStack = Context + 16;

    /// <summary>Offset of uc_mcontext.</summary>
    public const int MachineContext = ContextStack + 24;

    /// <summary>Offset of the pointer to the floating-point state.</summary>
    public const int FpuPointer = MachineContext + 184;

    /// <summary>Offset of uc_sigmask.</summary>
    public const int Mask = MachineContext + 256;

    /// <summary>Offset of siginfo_t.</summary>
    public const int Info = Mask + 8;

    /// <summary>The same offsets together.</summary>
    public static WideFrame Shape { get; } = new(Context, ContextStack, MachineContext, Mask, WordSize: 8);

    /// <summary>Bytes of the frame without the floating-point state.</summary>
    public const int Size = Info + SignalInfoBytes.Size;

    /// <summary>The general registers in the order of the machine context, which is that of sys/ucontext.h.</summary>
    public static IReadOnlyList<int> ContextRegisters { get; } =
    [
        PtRegsOffsets.R8, PtRegsOffsets.R9, PtRegsOffsets.R10, PtRegsOffsets.R11, PtRegsOffsets.R12, PtRegsOffsets.R13, PtRegsOffsets.R14,
        PtRegsOffsets.R15, PtRegsOffsets.Di, PtRegsOffsets.Si, PtRegsOffsets.Bp, PtRegsOffsets.Bx, PtRegsOffsets.Dx, PtRegsOffsets.Ax,
        PtRegsOffsets.Cx, PtRegsOffsets.Sp, PtRegsOffsets.Ip, PtRegsOffsets.Flags,
    ];

    /// <summary>Makes a frame.</summary>
    /// <returns>Null where the kernel sends SIGSEGV instead: without a restorer, or when the alternate stack is too small.</returns>
    public static SignalFrame? Build(SignalDelivery delivery)
    {
        if (Place(delivery, Size) is not (ulong frame, ulong state, ulong image))
            return null;
        var writer = new FrameWriter();
        SignalFpuArea.Write(writer, delivery.Fpu, image, compat: false, 0, 0);
        WriteContext(writer, delivery, frame, state);
        if (delivery.HasFlag(SignalActionFlags.SignalInfo))
            writer.Put(frame + Info, SignalInfoBytes.Write(delivery.Info, compat: false));
        return new SignalFrame(frame, writer.Writes, HandlerRegisters(delivery, frame, Info, Context), LoadsUserData: false);
    }

    /// <summary>Where a frame of a size goes, and the floating-point state that it tells of.</summary>
    public static (ulong Frame, ulong State, ulong Image)? Place(SignalDelivery delivery, int size)
    {
        if (!delivery.HasFlag(SignalActionFlags.Restorer))
            return null;
        ulong interrupted = delivery.Registers[PtRegsOffsets.Sp];
        ulong below = interrupted - RedZone;
        ulong top = delivery.HasFlag(SignalActionFlags.OnStack) ? delivery.Stack.TopFor(below) : below;
        (ulong state, ulong image) = SignalFpuArea.Place(delivery.Fpu.Format, top, compat: false);
        ulong frame = ((state - (ulong)size) & ~15ul) - 8;
        bool wasThere = delivery.Stack.IsInUse(interrupted);
        bool comesThere = top != below && delivery.Rules.ChecksEveryAlternateStack;
        return (wasThere || comesThere) && !delivery.Stack.Contains(frame) ? null : (frame, state, image);
    }

    /// <summary>uc_flags.</summary>
    public static ulong FlagsOf(SignalDelivery delivery) => HasStackSegment
        | (delivery.Fpu.Format.HasXsave ? HasXstate : 0)
        | (delivery.Registers[PtRegsOffsets.Cs] == Selectors.UserCs ? RestoresStackSegment : 0);

    private static void WriteContext(FrameWriter writer, SignalDelivery delivery, ulong frame, ulong state)
    {
        AlternateStack stack = delivery.Stack;
        CStructure head = new CStructure(compat: false).Word(delivery.Action.Restorer).Word(FlagsOf(delivery)).Word(0ul).Word(stack.Address).Int32((int)stack.Flags);
        writer.Put(frame, head).Put(frame + ContextStack + 16, new CStructure(compat: false).Word(stack.Size));
        writer.Put(frame + MachineContext, MachineContextOf(delivery, state)).Put(frame + Mask, new CStructure(compat: false).Word(delivery.Mask));
    }

    /// <summary>uc_mcontext as far as the kernel writes it.</summary>
    public static CStructure MachineContextOf(SignalDelivery delivery, ulong state)
    {
        PtRegs registers = delivery.Registers;
        CStructure machine = new(compat: false);
        foreach (int offset in ContextRegisters)
            machine.Word(registers[offset]);
        machine.Int16((int)registers[PtRegsOffsets.Cs]).Int16(0).Int16(0).Int16((int)registers[PtRegsOffsets.Ss]);
        LastException exception = delivery.Exception;
        return machine.Word(exception.ErrorCode).Word(exception.Vector).Word(delivery.Mask).Word(exception.Address).Word(state);
    }

    /// <summary>What a handler in 64-bit code begins with.</summary>
    public static PtRegs HandlerRegisters(SignalDelivery delivery, ulong frame, int info, int context) => delivery.Registers.With(
        (PtRegsOffsets.Di, (ulong)delivery.Info.Signal),
        (PtRegsOffsets.Si, frame + (ulong)info),
        (PtRegsOffsets.Dx, frame + (ulong)context),
        (PtRegsOffsets.Ax, 0),
        (PtRegsOffsets.Ip, delivery.Action.Handler),
        (PtRegsOffsets.Sp, frame),
        (PtRegsOffsets.Cs, Selectors.UserCs),
        (PtRegsOffsets.Ss, delivery.KeepsStackSegment ? delivery.Registers[PtRegsOffsets.Ss] : Selectors.UserDs),
        (PtRegsOffsets.Flags, delivery.Registers[PtRegsOffsets.Flags] & ~(Rflags.DF | Rflags.RF | Rflags.TF)));
}
