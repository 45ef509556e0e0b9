using System.Buffers.Binary;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, FLD, FST, FILD, FIST, FISTTP, FBLD, FBSTP, FLD1 and its kin, FCMOVcc.</summary>
public class X87TransferTests
{
    private const ulong Data = X87Bench.Data;

    [Fact]
    public void Loads_are_exact_whatever_the_precision_and_make_a_signaling_nan_quiet()
    {
        X87Bench bench = new X87Bench().Control(0x007F);
        bench.Machine.Write64(Data, 0x3FF0_0000_0000_0001);
        bench.Machine.Write64(Data + 8, 0x7FF0_0000_0000_0001);
        bench.Run(a => a.fld(__qword_ptr[rbx]));
        Assert.Equal(new ExtendedReal(0x8000_0000_0000_0800, 0x3FFF), bench.Fpu.Get(0));
        bench.Run(a => a.fld(__qword_ptr[rbx + 8]));
        Assert.Equal(new ExtendedReal(0xC000_0000_0000_0800, 0x7FFF), bench.Fpu.Get(0));
        Assert.Equal(FloatExceptions.Invalid, bench.Flags);
    }

    [Fact]
    public void Eighty_bits_go_in_and_out_untouched()
    {
        var bench = new X87Bench();
        byte[] unnormal = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x7A];
        bench.Machine.WriteBytes(Data, unnormal);
        bench.Run(a =>
        {
            a.fld(__tbyte_ptr[rbx]);
            a.fstp(__tbyte_ptr[rbx + 16]);
        });
        Assert.Equal(unnormal, bench.Machine.ReadBytes(Data + 16, 10));
        Assert.Equal((0, 0), (bench.Status, bench.Fpu.Valid));
    }

    [Fact]
    public void A_store_rounds_and_its_unmasked_overflow_leaves_memory_and_stack_alone()
    {
        X87Bench bench = new X87Bench().Push(1e300).Run(a => a.fst(__dword_ptr[rbx]));
        Assert.Equal(float.PositiveInfinity, BitConverter.UInt32BitsToSingle(bench.Machine.Read32(Data)));
        Assert.Equal(FloatExceptions.Overflow | FloatExceptions.Precision, bench.Flags);

        bench = new X87Bench().Unmask(FloatExceptions.Overflow).Push(1e300);
        bench.Machine.Write64(Data, 0x1234);
        bench.Run(a => a.fstp(__dword_ptr[rbx]));
        Assert.Equal((0x1234u, FloatExceptions.Overflow, 7), (bench.Machine.Read32(Data), bench.Flags, bench.Fpu.Top));
    }

    [Fact]
    public void A_store_that_faults_changes_nothing()
    {
        X87Bench bench = new X87Bench().Push(1.1);
        bench.Machine.Unmap(Data);
        Assert.Equal(Vector.PageFault, bench.Fault(a => a.fstp(__dword_ptr[rbx])).Vector);
        Assert.Equal((FloatExceptions.None, 7, 0ul), (bench.Flags, bench.Fpu.Top, bench.Fpu.InstructionPointer));
    }

    [Fact]
    public void Integers_are_stored_rounded_or_cut_and_are_indefinite_when_too_large()
    {
        X87Bench bench = new X87Bench().Push(32767.5).Push(-2.7).Push(2.5).Run(a =>
        {
            a.fistp(__qword_ptr[rbx]);
            a.fisttp(__dword_ptr[rbx + 8]);
            a.fist(__word_ptr[rbx + 16]);
            a.fistp(__dword_ptr[rbx + 24]);
        });
        Assert.Equal(2ul, bench.Machine.Read64(Data));
        Assert.Equal(unchecked((uint)-2), bench.Machine.Read32(Data + 8));
        Assert.Equal(0x8000, bench.Machine.Read16(Data + 16));
        Assert.Equal(32768u, bench.Machine.Read32(Data + 24));
        Assert.Equal(FloatExceptions.Invalid | FloatExceptions.Precision, bench.Flags);
    }

    [Fact]
    public void Decimals_have_18_digits_and_a_sign()
    {
        var bench = new X87Bench();
        byte[] decimals = [0x78, 0x56, 0x34, 0x12, 0x90, 0x78, 0x56, 0x34, 0x12, 0x80];
        bench.Machine.WriteBytes(Data, decimals);
        bench.Run(a =>
        {
            a.fbld(__tbyte_ptr[rbx]);
            a.fld(st0);
            a.fbstp(__tbyte_ptr[rbx + 16]);
            a.fistp(__qword_ptr[rbx + 32]);
        });
        Assert.Equal(-123456789012345678, (long)bench.Machine.Read64(Data + 32));
        Assert.Equal(decimals, bench.Machine.ReadBytes(Data + 16, 10));
        bench.Push(1e18).Run(a => a.fbstp(__tbyte_ptr[rbx]));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0xC0, 0xFF, 0xFF], bench.Machine.ReadBytes(Data, 10));
        Assert.Equal(FloatExceptions.Invalid, bench.Flags);
    }

    [Theory]
    [InlineData(0x037F, 0xC90F_DAA2_2168_C235ul)]
    [InlineData(0x0B7F, 0xC90F_DAA2_2168_C235ul)]
    [InlineData(0x077F, 0xC90F_DAA2_2168_C234ul)]
    [InlineData(0x0F7F, 0xC90F_DAA2_2168_C234ul)]
    public void Constants_are_rounded_as_the_control_word_says(int control, ulong pi)
    {
        X87Bench bench = new X87Bench().Control(control).Run(a => a.fldpi());
        Assert.Equal(new ExtendedReal(pi, 0x4000), bench.Fpu.Get(0));
        Assert.Equal(FloatExceptions.None, bench.Flags);
    }

    [Fact]
    public void Conditional_moves_look_at_the_integer_flags()
    {
        X87Bench bench = new X87Bench().Push(1).Push(2);
        bench.Machine.Flags = Rflags.CF | 2;
        Assert.Equal(2, bench.Run(a => a.fcmovnb(st0, st1))[0]);
        Assert.Equal(1, bench.Run(a => a.fcmovbe(st0, st1))[0]);
    }

    [Theory]
    [InlineData(8, null)]
    [InlineData(4, Vector.AlignmentCheck)]
    public void Eighty_bits_should_stand_at_a_multiple_of_8(int offset, Vector? expected)
    {
        var bench = new X87Bench();
        bench.Machine[Gpr.Rbx] = BenchLayout.UserData + (ulong)offset;
        bench.Machine.Flags = Rflags.AC | 2;
        Assert.Equal(expected, bench.Machine.Try(BenchMode.User64, a => a.fld(__tbyte_ptr[rbx])).Exception?.Vector);
    }

    [Fact]
    public void An_operand_over_the_end_of_a_page_is_whole()
    {
        X87Bench bench = new X87Bench().Push(Math.PI);
        ulong across = Data + 0x1000 - 3;
        bench.Machine[Gpr.Rcx] = across;
        bench.Run(a => a.fstp(__tbyte_ptr[rcx]));
        byte[] bytes = bench.Machine.ReadBytes(across, 10);
        Assert.Equal(0x4000, BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8)));
        Assert.Equal(0xC90F_DAA2_2168_C000, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
    }
}
