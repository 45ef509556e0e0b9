using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// What sigreturn found in a frame. The kernel restores as it reads, so a frame that breaks off has restored what came before; the program
/// then gets SIGSEGV.
/// </summary>
/// <param name="IsWhole">Whether there was nothing wrong.</param>
/// <param name="Registers">The registers from now on; RAX is the call's result.</param>
/// <param name="Mask">The mask, or null when even that could not be read.</param>
/// <param name="Fpu">The floating-point registers, or null to leave them.</param>
/// <param name="Stack">The alternate stack that the frame asks for, or null.</param>
/// <param name="Segments">The data segments of a 32-bit program, or null to leave them.</param>
internal sealed record SignalReturn(bool IsWhole, PtRegs Registers, ulong? Mask, FpuImage? Fpu, AlternateStack? Stack, UserSegments? Segments)
{
    /// <summary>The flags that a frame decides.</summary>
    public const ulong RestoredFlags =
        Rflags.AC | Rflags.OF | Rflags.DF | Rflags.TF | Rflags.SF | Rflags.ZF | Rflags.AF | Rflags.PF | Rflags.CF | Rflags.RF;

    private const ulong UserLevel = 3;
    private const int RestoredContextSize = 192;

    /// <summary>rt_sigreturn of a 64-bit program, whose handler's return has taken the return address from the stack.</summary>
    /// <param name="registers">The program's registers in the call.</param>
    /// <param name="read">Its memory.</param>
    /// <param name="format">What the processor keeps.</param>
    /// <param name="rules">The kernel's habits.</param>
    /// <param name="isStackSegment">Whether a selector is one of a writable data segment of the program.</param>
    public static SignalReturn From64(
        PtRegs registers, UserMemoryReader read, FpuFormat format, SignalFrameRules rules, Func<ushort, bool> isStackSegment) =>
        FromWide(registers, read, format, rules, isStackSegment, SignalFrame64.Shape);

    /// <summary>rt_sigreturn of an x32 program.</summary>
    public static SignalReturn FromX32(
        PtRegs registers, UserMemoryReader read, FpuFormat format, SignalFrameRules rules, Func<ushort, bool> isStackSegment) =>
        FromWide(registers, read, format, rules, isStackSegment, SignalFrameX32.Shape);

    private static SignalReturn FromWide(
        PtRegs registers, UserMemoryReader read, FpuFormat format, SignalFrameRules rules, Func<ushort, bool> isStackSegment, WideFrame shape)
    {
        ulong frame = registers[PtRegsOffsets.Sp] - sizeof(ulong);
        SignalReturn broken = new(false, registers, null, null, null, null);
        if (!TryReadWord(read, frame + (ulong)shape.Mask, 8, out ulong mask)
            || !TryReadWord(read, frame + (ulong)shape.Context, shape.WordSize, out ulong flags))
            return broken;
        broken = broken with { Mask = mask & ~SignalSets.Unblockable };

        byte[] context = new byte[RestoredContextSize];
        if (!read(frame + (ulong)shape.MachineContext, context))
            return broken;
        broken = broken with { Registers = Restore64(registers, context, flags, isStackSegment) };

        ulong state = BinaryPrimitives.ReadUInt64LittleEndian(context.AsSpan(SignalFrame64.FpuPointer - SignalFrame64.MachineContext));
        if (SignalFpuArea.Read(read, state, format, compat: false, rules) is not { } fpu)
            return broken with { Fpu = FpuImage.Initial(format) };
        broken = broken with { Fpu = fpu };
        byte[] stack = new byte[3 * shape.WordSize];
        if (!read(frame + (ulong)shape.ContextStack, stack))
            return broken;
        AlternateStack alternate = shape.WordSize == sizeof(ulong)
            ? new AlternateStack(Word64(stack), Word64(stack.AsSpan(16)), Word32(stack.AsSpan(8)))
            : new AlternateStack(Word32(stack), Word32(stack.AsSpan(8)), Word32(stack.AsSpan(4)));
        return broken with { IsWhole = true, Stack = alternate };
    }

    /// <summary>sigreturn and rt_sigreturn of a 32-bit program.</summary>
    /// <param name="registers">The program's registers in the call.</param>
    /// <param name="read">Its memory.</param>
    /// <param name="format">What the processor keeps.</param>
    /// <param name="rules">The kernel's habits.</param>
    /// <param name="isOld">Whether the frame is one without siginfo_t: its code has taken the signal's number from the stack too.</param>
    public static SignalReturn From32(PtRegs registers, UserMemoryReader read, FpuFormat format, SignalFrameRules rules, bool isOld)
    {
        ulong frame = registers[PtRegsOffsets.Sp] - (isOld ? 8ul : 4);
        ulong place = frame + (ulong)(isOld ? SignalFrame32.OldContext : SignalFrame32.MachineContext);
        SignalReturn broken = new(false, registers, null, null, null, null);
        if (!TryReadMask(read, frame, place, isOld, out ulong mask))
            return broken;
        broken = broken with { Mask = mask & ~SignalSets.Unblockable };

        byte[] context = new byte[SignalFrame32.MachineContextSize];
        if (!read(place, context))
            return broken;
        broken = broken with { Registers = Restore32(registers, context), Segments = SegmentsOf(context) };
        if (SignalFpuArea.Read(read, Word32(context.AsSpan(76)), format, compat: true, rules) is not { } fpu)
            return broken with { Fpu = FpuImage.Initial(format) };
        broken = broken with { Fpu = fpu };
        if (isOld)
            return broken with { IsWhole = true };
        byte[] stack = new byte[12];
        if (!read(frame + SignalFrame32.ContextStack, stack))
            return broken;
        return broken with { IsWhole = true, Stack = new AlternateStack(Word32(stack), Word32(stack.AsSpan(8)), Word32(stack.AsSpan(4))) };
    }

    private static PtRegs Restore64(PtRegs registers, ReadOnlySpan<byte> context, ulong contextFlags, Func<ushort, bool> isStackSegment)
    {
        const int selectors = 144;
        var changes = new List<(int, ulong)>();
        for (int i = 0; i < SignalFrame64.ContextRegisters.Count; i++)
            changes.Add((SignalFrame64.ContextRegisters[i], Word64(context[(i * 8)..])));
        ulong cs = BinaryPrimitives.ReadUInt16LittleEndian(context[selectors..]) | UserLevel;
        ulong ss = BinaryPrimitives.ReadUInt16LittleEndian(context[(selectors + 6)..]) | UserLevel;

        // Old programs write no SS; what they leave there must not end them.
        bool isLenient = (contextFlags & SignalFrame64.RestoresStackSegment) == 0 && cs == Selectors.UserCs;
        if (isLenient && !isStackSegment((ushort)ss))
            ss = Selectors.UserDs;
        PtRegs restored = registers.With([.. changes]);
        return restored.With(
            (PtRegsOffsets.Cs, cs),
            (PtRegsOffsets.Ss, ss),
            (PtRegsOffsets.Flags, FlagsOf(registers, restored[PtRegsOffsets.Flags])),
            (PtRegsOffsets.OrigAx, ulong.MaxValue));
    }

    private static PtRegs Restore32(PtRegs registers, ReadOnlySpan<byte> context)
    {
        const int general = 16, ip = 56, cs = 60, flags = 64, ss = 72;
        var changes = new List<(int, ulong)>();
        for (int i = 0; i < SignalFrame32.ContextRegisters.Count; i++)
            changes.Add((SignalFrame32.ContextRegisters[i], Word32(context[(general + i * 4)..])));
        return registers.With([.. changes]).With(
            (PtRegsOffsets.Ip, Word32(context[ip..])),
            (PtRegsOffsets.Cs, BinaryPrimitives.ReadUInt16LittleEndian(context[cs..]) | UserLevel),
            (PtRegsOffsets.Ss, BinaryPrimitives.ReadUInt16LittleEndian(context[ss..]) | UserLevel),
            (PtRegsOffsets.Flags, FlagsOf(registers, Word32(context[flags..]))),
            (PtRegsOffsets.OrigAx, ulong.MaxValue));
    }

    private static UserSegments SegmentsOf(ReadOnlySpan<byte> context)
    {
        ReadOnlySpan<ushort> words = [Selector(context), Selector(context[4..]), Selector(context[8..]), Selector(context[12..])];
        return new UserSegments(Ds: words[3], Es: words[2], Fs: words[1], Gs: words[0]);
    }

    private static ushort Selector(ReadOnlySpan<byte> context) => (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(context) | UserLevel);

    private static ulong FlagsOf(PtRegs registers, ulong given) => (registers[PtRegsOffsets.Flags] & ~RestoredFlags) | (given & RestoredFlags);

    /// <summary>The old frame has the mask in two places.</summary>
    private static bool TryReadMask(UserMemoryReader read, ulong frame, ulong context, bool isOld, out ulong mask)
    {
        const int oldMask = 80;
        if (!isOld)
            return TryReadWord(read, frame + SignalFrame32.Mask, 8, out mask);
        bool isRead = TryReadWord(read, context + oldMask, 4, out mask) & TryReadWord(read, frame + SignalFrame32.OldMask, 4, out ulong upper);
        mask |= upper << 32;
        return isRead;
    }

    private static bool TryReadWord(UserMemoryReader read, ulong address, int size, out ulong word)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        bool isRead = read(address, bytes[..size]);
        word = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return isRead;
    }

    private static ulong Word64(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    private static uint Word32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
