using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>
/// What each generation does when SYSRET would not restore what the frame says. Linux 2.6.39 and the fast path of 4.4 do not look; the slow path of 2.6.39
/// always leaves by IRET; from the slow path of 4.4 on the frame is looked at, and from 6.7 on addresses beyond user space are refused too.
/// </summary>
public sealed class SysretFallbackTests
{

    /// <summary>A reason for not returning by SYSRET.</summary>
    public enum Reason
    {
        None,
        RcxIsNotRip,
        R11IsNotFlags,
        NoncanonicalRip,
        RipBehindUserSpace,
        RipInTheKernelsHalf,
        ResumeFlag,
        TrapFlag,
        CodeSegment,
        StackSegment,
    }

    public static TheoryData<string, string, Reason, bool> Rows()
    {
        var rows = new TheoryData<string, string, Reason, bool>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Skylake, Cpus.Core2, Cpus.Zen2, Cpus.Zen4, Cpus.K8])
            {
                foreach (Reason reason in Enum.GetValues<Reason>())
                {
                    rows.Add(kernel.Name, cpu.Name, reason, false);
                    rows.Add(kernel.Name, cpu.Name, reason, true);
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_frame_that_sysret_cannot_restore_leaves_as_its_generation_has_it(string kernel, string cpu, Reason reason, bool withWork)
    {
        CallInFlight call = Prepare(kernel, cpu, reason, withWork);
        Assert.Equal(Expected(call.Kernel.Traits.Version, reason, withWork), RingExits.Next(call.Machine).By);
    }

    public static TheoryData<string, string> Machines()
    {
        var rows = new TheoryData<string, string>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            rows.Add(kernel.Name, "Skylake");
            rows.Add(kernel.Name, "Zen2");
        }

        return rows;
    }

    /// <summary>IRET restores RCX; SYSRET has RIP there.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void Rcx_is_what_the_frame_says_only_after_iret(string kernel, string cpu)
    {
        CallInFlight call = Prepare(kernel, cpu, Reason.RcxIsNotRip, withWork: false);
        ulong rip = call[PtRegsOffsets.Ip];
        RingExit exit = RingExits.Next(call.Machine);
        Assert.Equal(rip, exit.To);
        Assert.Equal(exit.By == Mnemonic.Iretq ? 0x1234 : rip, call.Machine.Processor.Registers[Gpr.Rcx]);
    }

    /// <summary>A set TF traps behind the first instruction after IRET, and before it after SYSRET.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void A_trap_flag_traps_where_the_way_back_lets_it(string kernel, string cpu)
    {
        CallInFlight call = Prepare(kernel, cpu, Reason.TrapFlag, withWork: false);
        ulong rip = call[PtRegsOffsets.Ip];
        RingExits.Run(call.Machine);
        Assert.Equal(SignalNumbers.SIGTRAP, call.Machine.Signal);
        ulong lengthOfNop = call.Kernel.Traits.HasEntryStack ? 1ul : 0;
        Assert.Equal(rip + lengthOfNop, call.Machine.Fatal!.Registers[PtRegsOffsets.Ip]);
    }

    /// <summary>The code segment of a 32-bit program makes the rest of the program run in compatibility mode; SYSRET to 64-bit mode cannot do that.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void A_changed_code_segment_is_seen_only_after_iret(string kernel, string cpu)
    {
        CallInFlight call = Prepare(kernel, cpu, Reason.CodeSegment, withWork: false);
        RingExits.Run(call.Machine);
        Assert.Equal(call.Kernel.Traits.HasEntryStack ? Selectors.User32Cs : (ulong)Selectors.UserCs, call.Machine.Fatal!.Registers[PtRegsOffsets.Cs]);
    }

    /// <summary>
    /// Kernels that do not look let SYSRET fault: on Intel in ring 0 with the program's stack pointer, on AMD in the program. Where SMAP is on, the
    /// program's stack is out of reach, and the fault becomes a double fault.
    /// </summary>
    [Theory]
    [InlineData("2.6.39", "Skylake", true)]
    [InlineData("4.4", "Haswell", true)]
    [InlineData("4.4", "Core2", true)]
    [InlineData("2.6.39", "Core2", true)]
    [InlineData("2.6.39", "Zen2", false)]
    [InlineData("4.4", "K8", false)]
    public void An_old_fast_path_hands_a_noncanonical_address_to_SYSRET(string kernel, string cpu, bool faultsInRing0)
    {
        const int generalProtection = 13;
        CallInFlight call = Prepare(kernel, cpu, Reason.NoncanonicalRip, withWork: false);
        RingExit exit = RingExits.Next(call.Machine);
        Assert.Equal(Mnemonic.Sysretq, exit.By);
        Assert.Equal(faultsInRing0 ? generalProtection : -1, exit.Raised);
        if (faultsInRing0)
        {
            ulong frame = call.Machine.Processor.Registers[Gpr.Rsp];
            Assert.InRange(frame, UserSpace.StackTop64 - UserSpace.StackSize, UserSpace.StackTop64);
            Assert.Equal((ulong)Selectors.KernelCs, Guest.Peek(call.Machine, frame + 16));
            return;
        }

        RingExits.Run(call.Machine);
        Assert.Equal(SignalNumbers.SIGSEGV, call.Machine.Signal);
    }

    /// <summary>Who looks never lets SYSRET fault: the program gets the signal.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void On_a_path_that_looks_a_noncanonical_address_ends_the_program_and_not_the_kernel(string kernel, string cpu)
    {
        CallInFlight call = Prepare(kernel, cpu, Reason.NoncanonicalRip, withWork: true);
        List<RingExit> exits = RingExits.Run(call.Machine);
        Assert.DoesNotContain(exits, exit => exit.By == Mnemonic.Sysretq);
        Assert.Equal(SignalNumbers.SIGSEGV, call.Machine.Signal);
    }

    private static CallInFlight Prepare(string kernel, string cpu, Reason reason, bool withWork)
    {
        CallInFlight call = CallInFlight.Of(kernel, Cpus.Find(cpu), Way.Syscall);
        Poke(call, reason);
        if (withWork)
            call.AskForWorkOnExit();
        return call;
    }

    /// <summary>Bytes of the lower half of all addresses, behind which the noncanonical ones begin.</summary>
    private static ulong HalfOf(CallInFlight call) => 1ul << (call.Machine.Features.Contains(KernelFeature.La57) ? 56 : 47);

    private static void Poke(CallInFlight call, Reason reason)
    {
        switch (reason)
        {
            case Reason.RcxIsNotRip:
                call[PtRegsOffsets.Cx] = 0x1234;
                break;
            case Reason.R11IsNotFlags:
                call[PtRegsOffsets.R11] ^= Rflags.CF;
                break;
            case Reason.NoncanonicalRip:
                SetRip(call, HalfOf(call));
                break;
            case Reason.RipBehindUserSpace:
                SetRip(call, HalfOf(call) - KernelLayout.PageSize);
                break;
            case Reason.RipInTheKernelsHalf:
                SetRip(call, 0 - HalfOf(call));
                break;
            case Reason.ResumeFlag:
                SetFlag(call, Rflags.RF);
                break;
            case Reason.TrapFlag:
                SetFlag(call, Rflags.TF);
                break;
            case Reason.CodeSegment:
                call[PtRegsOffsets.Cs] = Selectors.User32Cs;
                break;
            case Reason.StackSegment:
                call[PtRegsOffsets.Ss] = Selectors.UserDs & ~1ul;
                break;
        }
    }

    private static void SetRip(CallInFlight call, ulong address) => (call[PtRegsOffsets.Ip], call[PtRegsOffsets.Cx]) = (address, address);

    private static void SetFlag(CallInFlight call, ulong flag)
    {
        ulong flags = call[PtRegsOffsets.R11] | flag;
        (call[PtRegsOffsets.R11], call[PtRegsOffsets.Flags]) = (flags, flags);
    }

    private static Mnemonic Expected(Version version, Reason reason, bool withWork)
    {
        bool looks = version >= new Version(4, 16) || (withWork && version >= new Version(4, 4));
        if (!looks)
            return withWork ? Mnemonic.Iretq : Mnemonic.Sysretq;
        return reason switch
        {
            Reason.None => Mnemonic.Sysretq,
            Reason.RipBehindUserSpace or Reason.RipInTheKernelsHalf when version < new Version(6, 7) => Mnemonic.Sysretq,
            _ => Mnemonic.Iretq,
        };
    }
}
