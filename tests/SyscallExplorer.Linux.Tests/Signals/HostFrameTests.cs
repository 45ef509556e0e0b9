using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The frames that the kit builds and takes apart against those of the host's kernel: byte for byte, with the same registers.</summary>
public sealed class HostFrameTests
{
    private const ulong BlockedByProgram = 0x8000_0001_0000_0002;
    private const byte Untouched = 0xA5;
    private const ulong FaultAddress = 0x1234;

    public static TheoryData<int, string> EveryFrame()
    {
        var data = new TheoryData<int, string>();
        foreach (int bitness in (int[])[64, 32])
        {
            foreach (string flags in (string[])["s", "", "sa", "a", "sad", "sf", "f", "saf"])
                data.Add(bitness, flags);
        }

        data.Add(32, "sr");
        data.Add(32, "r");
        return data;
    }

    public static TheoryData<int, string, string> EveryDamage()
    {
        var data = new TheoryData<int, string, string>();
        foreach ((int bitness, string flags) in ((int, string)[])[(64, "s"), (32, "s"), (32, "")])
        {
            foreach (string damage in (string[])["", "nofpu", "magic1", "magic2", "unknown", "compacted", "reserved", "onlyx87", "absent", "mxcsr", "short",
                "long", "flags", "noflags", "far", "cs", "x87"])
            {
                data.Add(bitness, flags, damage);
            }
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(EveryFrame))]
    public void A_frame_has_the_bytes_that_the_hosts_kernel_writes(int bitness, string flags)
    {
        HostFrame host = HostFrame.Get(bitness, flags);
        SignalFrame? frame = bitness == 64 ? SignalFrame64.Build(Delivery(host)) : SignalFrame32.Build(Delivery(host));
        Assert.NotNull(frame);
        Assert.Equal(host.Address, frame.Address);
        byte[] expected = host.Dump[..(host.ImageOffset + host.Format.Size + 4)];
        byte[] built = Enumerable.Repeat(Untouched, expected.Length).ToArray();
        foreach (MemoryWrite write in frame.Writes)
            write.Bytes.CopyTo(built.AsMemory((int)(write.Address - frame.Address)));
        for (int i = 0; i < built.Length; i++)
            Assert.True(expected[i] == built[i], $"Byte {i} of the frame is {expected[i]:x2}h on the host and {built[i]:x2}h here.");
    }

    [SkippableTheory]
    [MemberData(nameof(EveryFrame))]
    public void A_handler_starts_with_the_registers_that_the_hosts_kernel_gives_it(int bitness, string flags)
    {
        HostFrame host = HostFrame.Get(bitness, flags);
        SignalFrame frame = (bitness == 64 ? SignalFrame64.Build(Delivery(host)) : SignalFrame32.Build(Delivery(host)))!;
        PtRegs actual = frame.Registers;
        HostFrame.Registers expected = host.Entry;
        Assert.Equal(
            [expected.Sp, expected.Ax, expected.Bx, expected.Dx, expected.Si, expected.Flags, expected.Cs, expected.Ss, host.Handler],
            new[] { PtRegsOffsets.Sp, PtRegsOffsets.Ax, PtRegsOffsets.Bx, PtRegsOffsets.Dx, PtRegsOffsets.Si, PtRegsOffsets.Flags, PtRegsOffsets.Cs, PtRegsOffsets.Ss, PtRegsOffsets.Ip }
                .Select(offset => actual[offset]));
        Assert.Equal(bitness == 64 ? expected.Di : expected.Cx, actual[bitness == 64 ? PtRegsOffsets.Di : PtRegsOffsets.Cx]);
        Assert.Equal(bitness == 32 ? Selectors.UserDs : 0ul, expected.Ds);
        Assert.Equal(bitness == 32, frame.LoadsUserData);
    }

    [SkippableFact]
    public void Without_a_restorer_a_64_bit_program_gets_no_frame_and_a_32_bit_one_returns_by_the_vdso()
    {
        HostFrame host = HostFrame.Get(64, "s");
        SignalDelivery delivery = Delivery(host);
        Assert.Null(SignalFrame64.Build(delivery with { Action = delivery.Action with { Flags = SignalActionFlags.SignalInfo } }));
        foreach (string flags in (string[])["sr", "r"])
        {
            host = HostFrame.Get(32, flags);
            Assert.InRange(host.Word(0) - host.Vdso, 1ul, 0x2000ul);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(EveryDamage))]
    public void Sigreturn_takes_from_a_frame_what_the_hosts_kernel_takes(int bitness, string flags, string damage)
    {
        HostFrame host = HostFrame.Get(bitness, flags, damage);
        ulong[] words = new ulong[PtRegsOffsets.Size / 8];
        bool isOld = bitness == 32 && flags.Length == 0;
        var registers = new PtRegs(0, words).With(
            (PtRegsOffsets.Sp, host.Address + (bitness == 64 ? 8ul : isOld ? 8ul : 4)), (PtRegsOffsets.Flags, 0x202), (PtRegsOffsets.OrigAx, 15));
        SignalReturn back = bitness == 64
            ? SignalReturn.From64(registers, host.Read, host.Format, SignalFrameRules.Linux_6_1, _ => true)
            : SignalReturn.From32(registers, host.Read, host.Format, SignalFrameRules.Linux_6_1, isOld);
        Assert.Equal(host.Died, !back.IsWhole);
        Assert.Equal(BlockedByProgram, back.Mask);
        Assert.NotNull(back.Fpu);
        if (host.Died)
            return;

        Assert.Equal(ulong.MaxValue, back.Registers[PtRegsOffsets.OrigAx]);
        HostFrame.Registers after = host.After;
        Assert.Equal(
            [after.Sp, after.Ax, after.Bx, after.Dx, after.Si, after.Di, after.Bp, after.Cs, after.Ss, host.Raised],
            new[] { PtRegsOffsets.Sp, PtRegsOffsets.Ax, PtRegsOffsets.Bx, PtRegsOffsets.Dx, PtRegsOffsets.Si, PtRegsOffsets.Di, PtRegsOffsets.Bp, PtRegsOffsets.Cs,
                PtRegsOffsets.Ss, PtRegsOffsets.Ip }.Select(offset => back.Registers[offset]));

        // PUSHF shows RF as zero.
        Assert.Equal(after.Flags, back.Registers[PtRegsOffsets.Flags] & ~Rflags.RF);
        CompareFloats(host, back.Fpu.Bytes.Span);
    }

    /// <summary>The registers, not the instruction pointers: those an AMD processor writes only while an exception waits.</summary>
    private static void CompareFloats(HostFrame host, ReadOnlySpan<byte> image)
    {
        int vectors = host.Bitness == 64 ? 16 : 8;
        ReadOnlySpan<byte> state = host.State;
        foreach ((string what, int start, int length) in ((string, int, int)[])[("control and status", 0, 5), ("MXCSR", 24, 4), ("x87", 32, 128), ("XMM", 160, vectors * 16),
            ("YMM", 576, vectors * 16)])
        {
            Assert.True(state.Slice(start, length).SequenceEqual(image.Slice(start, length)),
                $"{what} is {Convert.ToHexString(state.Slice(start, length))} on the host and {Convert.ToHexString(image.Slice(start, length))} here.");
        }
    }

    /// <summary>What frame.c sets before it raises its signal.</summary>
    private static SignalDelivery Delivery(HostFrame host)
    {
        int signal = host.IsFault ? SignalNumbers.SIGSEGV : SignalNumbers.SIGUSR1;
        SignalInfo info = host.IsFault
            ? SignalInfo.FromFault(signal, SignalCodes.NotMapped, FaultAddress)
            : SignalInfo.FromProcess(signal, host.Process, host.User);
        const ulong writeByUser = 6;
        ulong stackFlags = host.Flags.Contains('d', StringComparison.Ordinal) ? AlternateStack.AutoDisarm : 0;
        return new SignalDelivery(
            host.Bitness == 64 ? Registers64(host) : Registers32(host), new SignalAction(host.Handler, host.ActionFlags, host.Restorer, 0), info, host.Fpu, SignalFrameRules.Linux_6_1)
        {
            Mask = BlockedByProgram,
            Stack = host.HasStack ? new AlternateStack(host.StackAddress, 16384, (uint)stackFlags) : AlternateStack.None,
            Exception = host.IsFault ? new LastException(writeByUser, (ulong)Vector.PageFault, FaultAddress) : default,
            Segments = host.Bitness == 64 ? default : new UserSegments((ushort)host.Segments[3], (ushort)host.Segments[2], (ushort)host.Segments[1], (ushort)host.Segments[0]),
            Trampolines = new SignalTrampolines(host.Word(0), host.Word(0)),
        };
    }

    private static PtRegs Registers64(HostFrame host)
    {
        // Flags that arithmetic left are the program's affair; SYSCALL has put them into R11.
        ulong flags = host.Word(SignalFrame64.MachineContext + 136);
        Assert.Equal(host.IsFault ? Rflags.RF : Rflags.DF, flags & (Rflags.RF | Rflags.DF));
        PtRegs registers = new PtRegs(0, new ulong[PtRegsOffsets.Size / 8]).With(
            (PtRegsOffsets.R8, 0x0808080808080808), (PtRegsOffsets.R9, 0x0909090909090909), (PtRegsOffsets.R10, 0x1010101010101010),
            (PtRegsOffsets.R12, 0x1212121212121212), (PtRegsOffsets.R13, 0x1313131313131313), (PtRegsOffsets.R14, 0x1414141414141414),
            (PtRegsOffsets.R15, 0x1515151515151515), (PtRegsOffsets.Bp, 0x0b0b0b0b0b0b0b0b), (PtRegsOffsets.Bx, 0x0c0c0c0c0c0c0c0c),
            (PtRegsOffsets.Dx, 0x0d0d0d0d0d0d0d0d), (PtRegsOffsets.Di, (ulong)host.Process), (PtRegsOffsets.Si, SignalNumbers.SIGUSR1),
            (PtRegsOffsets.Sp, host.InterruptedSp), (PtRegsOffsets.Flags, flags), (PtRegsOffsets.Cs, Selectors.UserCs), (PtRegsOffsets.Ss, Selectors.UserDs));
        return host.IsFault
            ? registers.With((PtRegsOffsets.Ax, 62), (PtRegsOffsets.Ip, host.Faulted), (PtRegsOffsets.R11, host.Word(SignalFrame64.MachineContext + 24)))
            : registers.With((PtRegsOffsets.Cx, host.Raised), (PtRegsOffsets.Ip, host.Raised), (PtRegsOffsets.R11, flags));
    }

    private static PtRegs Registers32(HostFrame host)
    {
        ulong flags = host.Word((host.HasInfo ? SignalFrame32.MachineContext : SignalFrame32.OldContext) + 64);
        Assert.Equal(host.IsFault ? Rflags.RF : Rflags.DF, flags & (Rflags.RF | Rflags.DF));
        return new PtRegs(0, new ulong[PtRegsOffsets.Size / 8]).With(
            (PtRegsOffsets.Bp, 0x0b0b0b0b), (PtRegsOffsets.Dx, 0x0d0d0d0d), (PtRegsOffsets.Si, 0x0e0e0e0e), (PtRegsOffsets.Di, 0x0f0f0f0f),
            (PtRegsOffsets.Cx, SignalNumbers.SIGUSR1), (PtRegsOffsets.Bx, (ulong)host.Process), (PtRegsOffsets.Ax, host.IsFault ? 37ul : 0),
            (PtRegsOffsets.Sp, host.InterruptedSp), (PtRegsOffsets.Flags, flags), (PtRegsOffsets.Ip, host.IsFault ? host.Faulted : host.Raised),
            (PtRegsOffsets.Cs, Selectors.User32Cs), (PtRegsOffsets.Ss, Selectors.UserDs));
    }
}
