using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Where frames go and when there is none; what they hold is compared with the host's in <see cref="HostFrameTests"/>.</summary>
public sealed class SignalFrameTests
{
    private const ulong Sp = 0x7000_1000, StackBase = 0x10_0000, Restorer = 0x40_3000;
    private static readonly FpuFormat s_format = new(832, 7, 0xFFFF);
    private static readonly FpuFormat s_legacy = new(FpuFormat.LegacySize, 0, 0xFFFF);

    private static SignalDelivery Delivery(ulong flags, ulong sp = Sp, int bitness = 64, FpuFormat? format = null, ulong ss = Selectors.UserDs) => new(
        new PtRegs(0, new ulong[21]).With(
            (PtRegsOffsets.Sp, sp), (PtRegsOffsets.Cs, bitness == 64 ? Selectors.UserCs : Selectors.User32Cs), (PtRegsOffsets.Ss, ss),
            (PtRegsOffsets.Flags, Rflags.All)),
        new SignalAction(0x40_2000, flags | SignalActionFlags.Restorer, Restorer, 0), SignalInfo.FromKernel(10), FpuImage.Initial(format ?? s_format), SignalFrameRules.Linux_5_13);

    [Theory]
    [InlineData(Sp)]
    [InlineData(Sp - 1)]
    [InlineData(Sp - 8)]
    public void A_64_bit_handler_is_entered_as_if_called_on_an_aligned_stack_below_the_red_zone(ulong sp)
    {
        SignalFrame frame = SignalFrame64.Build(Delivery(SignalActionFlags.SignalInfo, sp))!;
        Assert.Equal(8ul, frame.Address % 16);
        Assert.True(frame.Writes.Max(write => write.Address + (ulong)write.Bytes.Length) <= sp - SignalFrame64.RedZone);
        Assert.All(frame.Writes, write => Assert.True(write.Address >= frame.Address));
        Assert.Equal(0ul, frame.Registers[PtRegsOffsets.Flags] & (Rflags.DF | Rflags.TF | Rflags.RF));
        Assert.Equal(Rflags.All & ~(Rflags.DF | Rflags.TF | Rflags.RF), frame.Registers[PtRegsOffsets.Flags]);
    }

    [Theory]
    [InlineData(SignalActionFlags.SignalInfo)]
    [InlineData(0ul)]
    public void A_32_bit_handler_is_entered_with_its_arguments_aligned(ulong flags)
    {
        SignalFrame frame = SignalFrame32.Build(Delivery(flags, bitness: 32))!;
        Assert.Equal(12ul, frame.Address % 16);
        Assert.True(frame.Writes.Max(write => write.Address + (ulong)write.Bytes.Length) <= Sp);
    }

    [Fact]
    public void The_image_of_the_vector_registers_stands_on_64_bytes()
    {
        Assert.Equal((0x6FC0ul, 0x6FC0ul), SignalFpuArea.Place(s_legacy, 0x71C0 + 5, compat: false));
        Assert.Equal((0x6C80ul - 112, 0x6C80ul), SignalFpuArea.Place(s_format, 0x7000, compat: true));
    }

    [Fact]
    public void The_alternate_stack_is_used_only_by_handlers_that_ask_for_it()
    {
        AlternateStack stack = new(StackBase, 0x4000, 0);
        Assert.True(stack.Contains(SignalFrame64.Build(Delivery(SignalActionFlags.OnStack) with { Stack = stack })!.Address));
        Assert.True(stack.Contains(SignalFrame32.Build(Delivery(SignalActionFlags.OnStack, bitness: 32) with { Stack = stack })!.Address));
        Assert.False(stack.Contains(SignalFrame64.Build(Delivery(0) with { Stack = stack })!.Address));
        ulong nested = SignalFrame64.Build(Delivery(SignalActionFlags.OnStack, StackBase + 0x2000) with { Stack = stack })!.Address;
        Assert.InRange(nested, StackBase + 0x1000, StackBase + 0x2000 - SignalFrame64.RedZone);
    }

    [Fact]
    public void A_nested_frame_that_would_leave_the_alternate_stack_is_none()
    {
        AlternateStack stack = new(StackBase, 0x4000, 0);
        Assert.Null(SignalFrame64.Build(Delivery(SignalActionFlags.OnStack, StackBase + 0x200) with { Stack = stack }));
        Assert.Null(SignalFrame64.Build(Delivery(0, StackBase + 0x200) with { Stack = stack }));
        Assert.NotNull(SignalFrame32.Build(Delivery(0, StackBase + 0x200, bitness: 32) with { Stack = stack }));
    }

    [Fact]
    public void A_first_frame_that_does_not_fit_is_none_from_5_14_on()
    {
        AlternateStack small = new(StackBase, 1024, 0);
        foreach (int bitness in (int[])[64, 32])
        {
            SignalDelivery old = Delivery(SignalActionFlags.OnStack, bitness: bitness) with { Stack = small };
            SignalDelivery checkedOne = old with { Rules = SignalFrameRules.Linux_6_1 };
            Assert.NotNull(bitness == 64 ? SignalFrame64.Build(old) : SignalFrame32.Build(old));
            Assert.Null(bitness == 64 ? SignalFrame64.Build(checkedOne) : SignalFrame32.Build(checkedOne));
        }
    }

    [Fact]
    public void Self_disarming_is_told_by_the_frame_and_no_overflow_is_seen()
    {
        AlternateStack stack = new(StackBase, 0x4000, AlternateStack.AutoDisarm);
        SignalFrame frame = SignalFrame64.Build(Delivery(SignalActionFlags.OnStack, StackBase + 0x200) with { Stack = stack })!;
        Assert.InRange(frame.Address, StackBase + 0x3000, StackBase + 0x4000);
        byte[] memory = Memory(frame);
        Assert.Equal(AlternateStack.AutoDisarm, BitConverter.ToUInt32(memory, SignalFrame64.ContextStack + 8));
    }

    [Fact]
    public void A_64_bit_handler_keeps_SS_when_it_is_valid()
    {
        Assert.Equal(0x57ul, SignalFrame64.Build(Delivery(0, ss: 0x57))!.Registers[PtRegsOffsets.Ss]);
        Assert.Equal(Selectors.UserDs, SignalFrame64.Build(Delivery(0, ss: 0x57) with { KeepsStackSegment = false })!.Registers[PtRegsOffsets.Ss]);
    }

    [Fact]
    public void A_frame_tells_whether_SS_must_come_back_exactly()
    {
        Assert.Equal(7, Memory(SignalFrame64.Build(Delivery(0))!)[SignalFrame64.Context]);
        Assert.Equal(3, Memory(SignalFrame64.Build(Delivery(0, bitness: 32))!)[SignalFrame64.Context]);
        Assert.Equal(6, Memory(SignalFrame64.Build(Delivery(0, format: s_legacy))!)[SignalFrame64.Context]);
    }

    [Fact]
    public void Without_restorer_and_vdso_a_32_bit_handler_returns_to_code_on_the_stack()
    {
        foreach ((ulong flags, int offset) in ((ulong, int)[])[(0, SignalFrame32.OldCode), (SignalActionFlags.SignalInfo, SignalFrame32.Code)])
        {
            SignalDelivery delivery = Delivery(flags, bitness: 32);
            SignalFrame frame = SignalFrame32.Build(delivery with { Action = delivery.Action with { Flags = flags, Restorer = 0 } })!;
            Assert.Equal((uint)frame.Address + (uint)offset, BitConverter.ToUInt32(Memory(frame)));
        }
    }

    [Fact]
    public void An_old_program_names_its_stack_by_its_restorer()
    {
        SignalDelivery delivery = Delivery(0, bitness: 32, ss: 0x57);
        delivery = delivery with { Action = delivery.Action with { Flags = 0, Restorer = 0x9_0000 } };
        Assert.InRange(SignalFrame32.Build(delivery)!.Address, 0x8_F000ul, 0x9_0000ul);
        delivery = delivery with { Registers = delivery.Registers.With((PtRegsOffsets.Ss, Selectors.UserDs)) };
        Assert.InRange(SignalFrame32.Build(delivery)!.Address, Sp - 0x1000, Sp);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void A_processor_without_XSAVE_keeps_FXSAVEs_image(int bitness)
    {
        byte[] bytes = FpuImage.InitialBytes(s_legacy);
        bytes[FpuImage.VectorRegisters] = 0x5A;
        SignalDelivery delivery = Delivery(SignalActionFlags.SignalInfo, bitness: bitness) with { Fpu = new FpuImage(s_legacy, bytes) };
        SignalFrame frame = (bitness == 64 ? SignalFrame64.Build(delivery) : SignalFrame32.Build(delivery))!;
        byte[] memory = Memory(frame);
        SignalReturn back = Return(frame, memory, bitness, s_legacy);
        Assert.True(back.IsWhole);
        Assert.Equal(bytes, back.Fpu!.Bytes.ToArray());
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void A_mask_comes_back_without_what_cannot_be_blocked_and_flags_without_what_is_the_kernels(int bitness)
    {
        SignalDelivery delivery = Delivery(SignalActionFlags.SignalInfo, bitness: bitness) with { Mask = ulong.MaxValue };
        SignalFrame frame = (bitness == 64 ? SignalFrame64.Build(delivery) : SignalFrame32.Build(delivery))!;
        SignalReturn back = Return(frame, Memory(frame), bitness, s_format);
        Assert.Equal(~SignalSets.Unblockable, back.Mask);
        Assert.Equal(SignalReturn.RestoredFlags | Rflags.Fixed | Rflags.IF, back.Registers[PtRegsOffsets.Flags]);
    }

    [Fact]
    public void An_SS_that_does_not_work_is_replaced_unless_the_frame_insists()
    {
        SignalFrame frame = SignalFrame64.Build(Delivery(0, ss: 0x50))!;
        byte[] memory = Memory(frame);
        Assert.Equal(0x53ul, Return(frame, memory, 64, s_format, isStackSegment: false).Registers[PtRegsOffsets.Ss]);
        memory[SignalFrame64.Context] &= unchecked((byte)~SignalFrame64.RestoresStackSegment);
        Assert.Equal(Selectors.UserDs, Return(frame, memory, 64, s_format, isStackSegment: false).Registers[PtRegsOffsets.Ss]);
        Assert.Equal(0x53ul, Return(frame, memory, 64, s_format, isStackSegment: true).Registers[PtRegsOffsets.Ss]);
    }

    [Fact]
    public void A_frame_that_is_not_there_changes_nothing()
    {
        SignalReturn back = SignalReturn.From64(new PtRegs(0, new ulong[21]), (_, _) => false, s_format, SignalFrameRules.Linux_5_13, _ => true);
        Assert.False(back.IsWhole);
        Assert.Null(back.Mask);
        Assert.Null(back.Fpu);
        back = SignalReturn.From32(new PtRegs(0, new ulong[21]), (_, _) => false, s_format, SignalFrameRules.Linux_5_13, isOld: true);
        Assert.False(back.IsWhole);
        Assert.Null(back.Mask);
    }

    [Fact]
    public void Reserved_bits_of_MXCSR_are_dropped_up_to_5_13_and_end_the_program_later()
    {
        SignalFrame frame = SignalFrame64.Build(Delivery(0))!;
        byte[] memory = Memory(frame);
        int image = (int)(BitConverter.ToUInt64(memory, SignalFrame64.FpuPointer) - frame.Address);
        memory[image + FpuImage.Mxcsr + 3] = 1;
        SignalReturn back = Return(frame, memory, 64, s_format);
        Assert.True(back.IsWhole);
        Assert.Equal(0x1F80u, BitConverter.ToUInt32(back.Fpu!.Bytes.Span[FpuImage.Mxcsr..]));
        Assert.False(Return(frame, memory, 64, s_format, rules: SignalFrameRules.Linux_6_1).IsWhole);
    }

    private static SignalReturn Return(
        SignalFrame frame, byte[] memory, int bitness, FpuFormat format, bool isStackSegment = true, SignalFrameRules? rules = null)
    {
        bool Read(ulong address, Span<byte> destination)
        {
            memory.AsSpan((int)(address - frame.Address), destination.Length).CopyTo(destination);
            return true;
        }

        PtRegs registers = new PtRegs(0, new ulong[21]).With(
            (PtRegsOffsets.Sp, frame.Address + (ulong)(bitness / 8)), (PtRegsOffsets.Flags, Rflags.Fixed | Rflags.IF));
        rules ??= SignalFrameRules.Linux_5_13;
        return bitness == 64
            ? SignalReturn.From64(registers, Read, format, rules, _ => isStackSegment)
            : SignalReturn.From32(registers, Read, format, rules, isOld: false);
    }

    private static byte[] Memory(SignalFrame frame)
    {
        byte[] memory = new byte[frame.Writes.Max(write => write.Address + (ulong)write.Bytes.Length) - frame.Address + 64];
        foreach (MemoryWrite write in frame.Writes)
            write.Bytes.CopyTo(memory.AsMemory((int)(write.Address - frame.Address)));
        return memory;
    }
}
