namespace SyscallExplorer.Linux;

/// <summary>
/// Frames of x32 programs: a machine context of 64-bit registers in a ucontext_t and beside a siginfo_t of 32-bit words. sys/ucontext.h under __ILP32__.
/// </summary>
internal static class SignalFrameX32
{
    /// <summary>Where things stand, which sigreturn reads too.</summary>
    public static WideFrame Shape { get; } = new(Context: 8, ContextStack: 16, MachineContext: 32, Mask: 288, WordSize: 4);

    private const int Info = 296;
    private const int Size = Info + SignalInfoBytes.Size;

    /// <summary>Makes a frame.</summary>
    /// <returns>Null where the kernel sends SIGSEGV instead: without a restorer, or when the alternate stack is too small.</returns>
    public static SignalFrame? Build(SignalDelivery delivery)
    {
        if (SignalFrame64.Place(delivery, Size) is not (ulong frame, ulong state, ulong image))
            return null;
        var writer = new FrameWriter();
        SignalFpuArea.Write(writer, delivery.Fpu, image, compat: false, 0, 0);
        AlternateStack stack = delivery.Stack;
        CStructure head = new CStructure(compat: true).Int64((long)delivery.Action.Restorer).Word(SignalFrame64.FlagsOf(delivery)).Word(0ul)
            .Word(stack.Address).Int32((int)stack.Flags).Word(stack.Size);
        writer.Put(frame, head)
            .Put(frame + (ulong)Shape.MachineContext, SignalFrame64.MachineContextOf(delivery, state))
            .Put(frame + (ulong)Shape.Mask, new CStructure(compat: false).Word(delivery.Mask));
        if (delivery.HasFlag(SignalActionFlags.SignalInfo))
            writer.Put(frame + Info, InfoOf(delivery.Info));
        return new SignalFrame(
            frame, writer.Writes, SignalFrame64.HandlerRegisters(delivery, frame, Info, Shape.Context).With((PtRegsOffsets.Ss, Selectors.UserDs)), LoadsUserData: true);
    }

    /// <summary>The times of a child have 64 bits here.</summary>
    private static byte[] InfoOf(SignalInfo info)
    {
        const int times = 24;
        byte[] bytes = SignalInfoBytes.Write(info, compat: true);
        if (SignalInfoLayout.FormOf(info.Signal, info.Code) != SignalInfoForm.Child)
            return bytes;
        BitConverter.TryWriteBytes(bytes.AsSpan(times), info.Third);
        BitConverter.TryWriteBytes(bytes.AsSpan(times + sizeof(ulong)), info.Fourth);
        return bytes;
    }
}

/// <summary>Offsets in a frame with a machine context of 64-bit registers.</summary>
/// <param name="Context">ucontext_t.</param>
/// <param name="ContextStack">uc_stack.</param>
/// <param name="MachineContext">uc_mcontext.</param>
/// <param name="Mask">uc_sigmask.</param>
/// <param name="WordSize">Bytes of uc_flags and of the words of uc_stack.</param>
internal readonly record struct WideFrame(int Context, int ContextStack, int MachineContext, int Mask, int WordSize);
