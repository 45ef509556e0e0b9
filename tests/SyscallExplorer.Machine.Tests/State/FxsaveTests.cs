using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, FXSAVE and FXRSTOR; vol. 1, 10.5.</summary>
public class FxsaveTests
{
    private const ulong Area = BenchLayout.UserData;
    private readonly MachineBench _bench = StateBench.Create();

    public FxsaveTests() => _bench[Gpr.Rbx] = Area;

    [Fact]
    public void Fxrstor_brings_back_what_fxsave_saved_and_leaves_the_upper_halves()
    {
        StateBench.Fill(_bench, seed: 1);
        byte[] saved = StateBench.StateOf(_bench);
        _bench.RunUser64(a => a.fxsave64(__[rbx]));
        StateBench.Fill(_bench, seed: 2);
        byte[] upper = StateBench.StateOf(_bench)[576..];
        _bench.RunUser64(a => a.fxrstor64(__[rbx]));
        byte[] restored = StateBench.StateOf(_bench);
        Assert.Equal(saved[..512], restored[..512]);
        Assert.Equal(upper, restored[576..]);
    }

    [Fact]
    public void Fxsave_writes_the_image_of_the_manual_and_leaves_what_belongs_to_software()
    {
        StateBench.Fill(_bench);
        _bench.WriteBytes(Area, [.. Enumerable.Repeat((byte)0xEE, 512)]);
        _bench.RunUser64(a => a.fxsave(__[rbx]));
        Assert.Equal(0x0E7F, _bench.Read16(Area));
        Assert.Equal(0x2900, _bench.Read16(Area + 2));
        Assert.Equal(0xE7, _bench.Read16(Area + 4));
        Assert.Equal(0x5D8, _bench.Read16(Area + 6));
        Assert.Equal(0x1234_5678ul, _bench.Read64(Area + 8));
        Assert.Equal(0x9ABC_DEF0ul, _bench.Read64(Area + 16));
        Assert.Equal(0x1FA5u, _bench.Read32(Area + 24));
        Assert.Equal(0xFFFFu, _bench.Read32(Area + 28));

        // TOP is 5: ST(0) is R5.
        Assert.Equal(_bench.Cpu.S.X87.Registers[5].Significand, _bench.Read64(Area + 32));
        Assert.Equal(_bench.Cpu.S.X87.Registers[5].SignAndExponent, _bench.Read64(Area + 40));
        Assert.All(_bench.ReadBytes(Area + 416, 96), value => Assert.Equal(0xEE, value));
    }

    [Fact]
    public void Outside_64_bit_mode_eight_vector_registers_are_saved()
    {
        StateBench.Fill(_bench);
        _bench.WriteBytes(Area, [.. Enumerable.Repeat((byte)0xEE, 512)]);
        _bench.RunUser32(a => a.fxsave(__[ebx]));
        Assert.NotEqual(0xEEEE_EEEE_EEEE_EEEEul, _bench.Read64(Area + 160 + 7 * 16));
        Assert.All(_bench.ReadBytes(Area + 160 + 8 * 16, 128), value => Assert.Equal(0xEE, value));
    }

    [Fact]
    public void A_pending_exception_follows_from_the_flags_and_masks_that_fxrstor_loads()
    {
        _bench.RunUser64(a => a.fxsave(__[rbx]));
        _bench.WriteBytes(Area, 0x7E, 0x03, 0x01, 0x00);
        _bench.RunUser64(a => a.fxrstor(__[rbx]));
        Assert.True(_bench.Cpu.IsX87ExceptionPending);
        _bench.WriteBytes(Area, 0x7F, 0x03, 0x81, 0x80);
        _bench.RunUser64(a => a.fxrstor(__[rbx]));
        Assert.False(_bench.Cpu.IsX87ExceptionPending);
    }

    [Fact]
    public void A_reserved_bit_of_MXCSR_is_a_general_protection_fault_and_nothing_is_loaded()
    {
        StateBench.Fill(_bench);
        byte[] before = StateBench.StateOf(_bench);
        _bench.WriteBytes(Area + 24, 0, 0, 1, 0);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.fxrstor(__[rbx])).Vector);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.ldmxcsr(__[rbx + 24])).Vector);
        Assert.Equal(before, StateBench.StateOf(_bench));
    }

    [Fact]
    public void The_area_must_be_aligned_to_16_bytes()
    {
        _bench[Gpr.Rbx] = Area + 8;
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.fxsave(__[rbx])).Vector);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.fxrstor(__[rbx])).Vector);
    }

    [Fact]
    public void An_area_that_ends_in_a_page_that_is_not_there_is_not_written_at_all()
    {
        _bench[Gpr.Rbx] = Area + 0x1000 - 256;
        _bench.WriteBytes(Area + 0x1000 - 256, [.. Enumerable.Repeat((byte)0xEE, 256)]);
        _bench.Unmap(Area + 0x1000);
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.User64, a => a.fxsave(__[rbx])).Vector);
        Assert.Equal(Area + 0x1000, _bench.Cpu.Registers.ControlRegister2);
        Assert.All(_bench.ReadBytes(Area + 0x1000 - 256, 256), value => Assert.Equal(0xEE, value));
    }

    [Theory]
    [InlineData(Cr0.TS), InlineData(Cr0.EM)]
    public void With_TS_or_EM_set_the_device_is_not_available(ulong bit)
    {
        _bench.Cpu.Registers.ControlRegister0 |= bit;
        Assert.Equal(Vector.DeviceNotAvailable, _bench.Fault(BenchMode.User64, a => a.fxsave(__[rbx])).Vector);
        Assert.Equal(Vector.DeviceNotAvailable, _bench.Fault(BenchMode.User64, a => a.fxrstor(__[rbx])).Vector);
    }

    [Fact]
    public void MXCSR_is_loaded_and_stored()
    {
        _bench.Write64(Area, 0x9FC0);
        _bench.RunUser64(a =>
        {
            a.ldmxcsr(__[rbx]);
            a.stmxcsr(__[rbx + 4]);
        });
        Assert.Equal(0x9FC0u, _bench.Read32(Area + 4));
    }

    [Fact]
    public void MXCSR_is_undefined_without_OSFXSR_and_not_available_after_a_task_switch()
    {
        _bench.Cpu.Registers.ControlRegister0 |= Cr0.TS;
        Assert.Equal(Vector.DeviceNotAvailable, _bench.Fault(BenchMode.User64, a => a.stmxcsr(__[rbx])).Vector);
        _bench.Cpu.Registers.ControlRegister4 &= ~Cr4.OSFXSR;
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => a.stmxcsr(__[rbx])).Vector);
    }

    [Fact]
    public void AMD_has_the_bit_of_misaligned_operands_and_Intel_has_not()
    {
        Assert.Equal(0x2FFFFu, Mxcsr.Writable(Cpus.Zen2));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bench.Cpu.Registers.MediaControl = 0x2_1F80);
    }
}
