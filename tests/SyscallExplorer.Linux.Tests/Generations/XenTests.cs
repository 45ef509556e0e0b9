using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The alternative for guests of Xen, which always leave by IRET: of 32-bit calls from Linux 4.4 on, of 64-bit calls from 5.12 on.</summary>
public sealed class XenTests
{
    private const string Option = "sysx.xenpv=on";

    public static TheoryData<string, string, Way> Rows()
    {
        var rows = new TheoryData<string, string, Way>();
        foreach (KernelGeneration kernel in Kernels.All.Where(kernel => kernel.Traits.Version >= new Version(4, 4)))
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Skylake, Cpus.Core2, Cpus.Zen2, Cpus.Zen4, Cpus.K8])
            {
                foreach (Way way in Enum.GetValues<Way>().Where(way => way.IsOf(cpu)))
                    rows.Add(kernel.Name, cpu.Name, way);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_guest_of_Xen_leaves_by_iret_where_its_generation_has_the_alternative(string kernel, string cpu, Way way)
    {
        CallInFlight call = CallInFlight.Of(kernel, Cpus.Find(cpu), way, Option);
        RingExit exit = RingExits.Next(call.Machine);
        Assert.Equal((ulong)TaskIdentity.Pid, exit.Rax);
        bool hasAlternative = !way.HasNumbersOf64Bit() || call.Kernel.Traits.Version >= new Version(5, 12);
        Assert.Equal(hasAlternative ? Mnemonic.Iretq : Mnemonic.Sysretq, exit.By);
    }

    [Theory]
    [InlineData("5.13", "nop", "jmp")]
    [InlineData("6.1", "nop", "jmp")]
    [InlineData("6.8", "test al, al; je", "jmp")]
    [InlineData("6.12", "test al, al; je", "jmp")]
    public void The_alternatives_tell_the_bytes_before_and_after(string kernel, string before, string after)
    {
        foreach (string options in (string[])["", Option])
        {
            LinuxMachine machine = Guest.Boot(commandLine: options, kernel: Kernels.Find(kernel));
            PatchedCode place = Assert.Single(machine.Alternatives,
                alternative => alternative.Feature == KernelFeature.XenPv && alternative.Place.StartsWith("entry_SYSCALL_64", StringComparison.Ordinal));
            Assert.StartsWith(before, place.InstructionsBefore, StringComparison.Ordinal);
            Assert.StartsWith(after, place.InstructionsAfter, StringComparison.Ordinal);
            Assert.Equal(options.Length > 0, place.IsApplied);
            byte[] bytes = new byte[place.Before.Count];
            machine.ReadKernel(place.Address, bytes);
            Assert.Equal(place.IsApplied ? place.After : place.Before, bytes);
            Instruction jump = Decoder.Create(64, place.After.ToArray(), place.Address).Decode();
            Assert.Equal(machine.AddressOf(ReturnByIret.ToUserSymbol), jump.NearBranchTarget);
        }
    }

    [Fact]
    public void Linux_2_6_39_has_no_such_alternative()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Guest.Boot(commandLine: Option, kernel: Kernels.Linux_2_6_39));
        Assert.Contains("has no option 'sysx.xenpv'", error.Message, StringComparison.Ordinal);
    }
}
