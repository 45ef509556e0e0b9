using SyscallExplorer.Machine;
using static SyscallExplorer.Linux.Tests.VsyscallGuest;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The page itself: its mapping, its bytes, its line in the map, and the option that chooses.</summary>
public sealed class VsyscallPageTests
{
    public static TheoryData<string, string, bool> Boots()
    {
        var data = new TheoryData<string, string, bool>();
        foreach ((KernelGeneration kernel, VsyscallMode _, string options) in Modes())
        {
            data.Add(kernel.Release, options, false);
            if (FeatureHistory.Has(kernel.Traits.Version, KernelFeature.Pti))
                data.Add(kernel.Release, options, true);
        }

        return data;
    }

    [Theory]
    [InlineData("2.6.39", 0)]
    [InlineData("4.4", 1)]
    [InlineData("4.19", 1)]
    [InlineData("4.20", 1)]
    [InlineData("5.13", 2)]
    [InlineData("6.1", 2)]
    [InlineData("6.8", 2)]
    [InlineData("6.12", 2)]
    public void Each_generation_has_its_own_default(string release, int mode) =>
        Assert.Equal((VsyscallMode)mode, KernelOptions.None.VsyscallIn(Kernel(release).Traits.Version));

    [Theory]
    [InlineData("2.6.39", "vsyscall=none", "it came with Linux 3.1")]
    [InlineData("4.4", "vsyscall=xonly", "it came with Linux 5.3. Values of this version: native, emulate, none")]
    [InlineData("4.19", "vsyscall=native", "Linux 4.16 took it away. Values of this version: emulate, none")]
    [InlineData("5.13", "vsyscall=native", "Values of this version: emulate, xonly, none")]
    [InlineData("6.12", "vsyscall=native", "Linux 4.16 took it away")]
    public void A_value_that_a_version_does_not_have_is_refused_with_those_that_it_has(string release, string options, string expected)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Guest.Boot(commandLine: options, kernel: Kernel(release)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_no_version_has_is_refused_at_once() =>
        Assert.Contains("Did you mean 'emulate'?", Assert.Throws<ArgumentException>(() => KernelOptions.Parse("vsyscall=emulated")).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Boots))]
    public void The_entries_have_the_modes_bits_in_both_address_spaces(string release, string options, bool isolated)
    {
        LinuxMachine machine = Load(release, options + (FeatureHistory.Has(Kernel(release).Traits.Version, KernelFeature.Pti) ? isolated ? " pti=on" : " pti=off" : ""), a => a.ud2());
        VsyscallMode mode = machine.Options.VsyscallIn(machine.Kernel.Traits.Version);
        MemoryMap map = machine.Memory.Map;
        Assert.Equal(isolated, map.KernelRoot != map.UserRoot);
        foreach (ulong root in (ulong[])[map.KernelRoot, map.UserRoot])
        {
            PagePath path = machine.Processor.WalkOf(Page, root);
            if (mode is VsyscallMode.Xonly or VsyscallMode.None)
            {
                Assert.Null(path.Physical);
                continue;
            }

            Assert.Equal(release == "2.6.39" ? VdsoSet.DataPhysical : VsyscallPage.Physical, path.Physical);
            Assert.True(path is { IsUser: true, IsWritable: false });
            Assert.Equal(mode == VsyscallMode.Native, path.IsExecutable);
            Assert.True(path.Steps[^1].IsLeaf);
        }
    }

    [Fact]
    public void A_slot_is_its_system_call_and_breakpoints_behind_it()
    {
        byte[] page = VsyscallPage.Bytes();
        Assert.Equal("48 C7 C0 60 00 00 00 0F 05 C3 CC", Text(page, 0, 11));
        Assert.Equal("48 C7 C0 C9 00 00 00 0F 05 C3 CC", Text(page, 0x400, 11));
        Assert.Equal("48 C7 C0 35 01 00 00 0F 05 C3 CC", Text(page, 0x800, 11));
        Assert.All(page[0xC00..], value => Assert.Equal(0xCC, value));
    }

    [Fact]
    public void Linux_2_6_39_keeps_code_and_data_apart_in_its_page()
    {
        (int Offset, byte[] Code)[] pieces = [.. OldVsyscallCode.For(new HashSet<KernelFeature>())];
        Assert.Equal([0, 0x400, 0x800, 0xC00], pieces.Select(piece => piece.Offset));
        Assert.True(pieces[0].Code.Length <= 0x200);
        LinuxMachine machine = Guest.Boot(kernel: Kernel("2.6.39"));
        byte[] data = new byte[VsyscallPage.SlotSize];
        machine.Processor.Bus.Ram.Read(VsyscallPage.FrameOf(machine.Kernel.Traits.Version), data);
        Assert.Equal((ulong)machine.Kernel.ReleaseTime, BitConverter.ToUInt64(data, 0x208));
        Assert.All(data[0x2A0..], value => Assert.Equal(0, value));
    }

    [Fact]
    public void The_fourth_entry_of_Linux_2_6_39_is_not_there_yet()
    {
        LinuxMachine machine = Run("2.6.39", "", a =>
        {
            Call(a, Page + 0xC00);
            a.neg(Iced.Intel.AssemblerRegisters.eax);
            a.Exit64(Iced.Intel.AssemblerRegisters.eax);
        });
        Assert.Equal(Errno.ENOSYS, machine.ExitStatus);
    }

    [Theory]
    [MemberData(nameof(Boots))]
    public void The_last_line_of_a_64_bit_programs_map_tells_of_the_page(string release, string options, bool isolated)
    {
        _ = isolated;
        LinuxMachine machine = Load(release, options, a => a.ud2());
        string? line = machine.MemoryMapOf(TaskIdentity.Pid).Select(region => region.ToString()).LastOrDefault(text => text.EndsWith("[vsyscall]", StringComparison.Ordinal));
        string? rights = machine.Options.VsyscallIn(machine.Kernel.Traits.Version) switch
        {
            VsyscallMode.None => null,
            VsyscallMode.Xonly => "--xp",
            _ => "r-xp",
        };
        Assert.Equal(rights is null ? null : $"ffffffffff600000-ffffffffff601000 {rights} 00000000 00:00 0                  [vsyscall]", line);
        Assert.Equal(line is not null, machine.MemoryMapOf(TaskIdentity.Pid)[^1].Name == "[vsyscall]");
    }

    [Fact]
    public void A_32_bit_program_has_no_such_line()
    {
        LinuxMachine machine = Guest.Load(a => a.ud2(), bitness: 32);
        Assert.DoesNotContain(machine.MemoryMapOf(TaskIdentity.Pid), region => region.Name == "[vsyscall]");
    }

    [Theory]
    [InlineData("2.6.39", "", true)]
    [InlineData("4.4", "vsyscall=native", true)]
    [InlineData("5.13", "vsyscall=emulate", true)]
    [InlineData("5.13", "", false)]
    [InlineData("5.13", "vsyscall=none", false)]
    public void A_debugger_reads_the_page_where_the_program_can(string release, string options, bool expected)
    {
        LinuxMachine machine = Load(release, options, a => a.ud2());
        byte[] word = new byte[8];
        Assert.Equal(expected, new TraceeMemory(machine).TryRead(machine.Task, Time, word));
        Assert.Equal(expected, word.Any(value => value != 0));
        Assert.False(new TraceeMemory(machine).TryRead(machine.Task, Page + 0xFFC, word));
        Assert.False(new TraceeMemory(machine).TryWrite(machine.Task, Time, word));
    }

    private static string Text(byte[] bytes, int offset, int length) => string.Join(' ', bytes.Skip(offset).Take(length).Select(value => value.ToString("X2")));
}
