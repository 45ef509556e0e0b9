using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>LDS, LES, LFS, LGS and LSS. SDM vol. 2A. The checks of the selector are those of every load of a segment register.</summary>
public sealed class FarPointerLoadTests
{
    private readonly MachineBench _bench = new();

    public static TheoryData<BenchMode, string, SegmentName> Forms => new()
    {
        { BenchMode.User32, "C503", SegmentName.DS }, { BenchMode.User32, "C403", SegmentName.ES },
        { BenchMode.User32, "0FB403", SegmentName.FS }, { BenchMode.User32, "0FB503", SegmentName.GS },
        { BenchMode.User64, "0FB403", SegmentName.FS }, { BenchMode.Kernel64, "0FB203", SegmentName.SS },
    };

    [Theory, MemberData(nameof(Forms))]
    public void Offset_and_selector_are_loaded_together(BenchMode mode, string code, SegmentName name)
    {
        ushort selector = mode == BenchMode.Kernel64 ? BenchSelectors.KernelData : BenchSelectors.UserData;
        Store(mode, 0x1234_5678, selector);
        _bench.Complete(mode, Convert.FromHexString(code));
        Assert.Equal((0x1234_5678ul, selector), (_bench[Gpr.Rax], _bench.Cpu.Registers[name].Selector));
    }

    [Fact]
    public void Only_Intel_has_a_pointer_with_a_64_bit_offset()
    {
        foreach ((CpuModel model, ulong expected) in (ReadOnlySpan<(CpuModel, ulong)>)[(Cpus.Skylake, 0x1122_3344_5566_7788), (Cpus.Zen2, 0x5566_7788)])
        {
            var bench = new MachineBench(model);
            ulong at = BenchLayout.UserData;
            bench.Write64(at, 0x1122_3344_5566_7788);
            bench.WriteBytes(at + 8, 0x2B, 0);
            if (model.Vendor == CpuVendor.Amd)
                bench.WriteBytes(at + 4, 0x2B, 0);
            bench[Gpr.Rbx] = at;
            bench.Complete(BenchMode.User64, 0x48, 0x0F, 0xB4, 0x03);
            Assert.Equal(expected, bench[Gpr.Rax]);
        }
    }

    [Theory]
    [InlineData(false, 3, Vector.SegmentNotPresent), InlineData(true, 0, Vector.GeneralProtection)]
    public void A_selector_that_cannot_be_loaded_leaves_the_register_alone(bool present, int dpl, Vector expected)
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl, present));
        Store(BenchMode.User32, 0x1234_5678, FreeSelector | 3);
        _bench[Gpr.Rax] = 99;
        TakenException taken = _bench.Fault(BenchMode.User32, 0xC4, 0x03);
        Assert.Equal((expected, (uint)FreeSelector, 99ul), (taken.Vector, taken.ErrorCode, _bench[Gpr.Rax]));
    }

    [Fact]
    public void LSS_of_an_absent_stack_is_a_stack_fault_and_holds_no_interrupt_back()
    {
        _bench.Define(FreeSelector, Make(WritableData, present: false));
        Store(BenchMode.Kernel64, 0, FreeSelector);
        Assert.Equal((Vector.StackFault, (uint)FreeSelector), Taken(_bench.Fault(BenchMode.Kernel64, 0x0F, 0xB2, 0x03)));

        Store(BenchMode.Kernel64, 0, BenchSelectors.KernelData);
        _bench.Flags = Rflags.IF;
        ulong end = _bench.Place(BenchMode.Kernel64, 0x0F, 0xB2, 0x03);
        _bench.Cpu.Interrupts.Schedule(0x40, _bench.Cpu.Clock + 1);
        Assert.Equal(end, _bench.Go().Exception?.Rip);
    }

    private static (Vector, uint?) Taken(TakenException taken) => (taken.Vector, taken.ErrorCode);

    private void Store(BenchMode mode, uint offset, int selector)
    {
        ulong at = MachineBench.DataAddress(mode);
        _bench.WriteBytes(at, [.. BitConverter.GetBytes(offset), .. BitConverter.GetBytes((ushort)selector)]);
        _bench[Gpr.Rbx] = at;
    }
}
