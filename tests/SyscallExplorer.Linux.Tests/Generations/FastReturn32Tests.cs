using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>
/// What each generation does when SYSEXIT or SYSRET would not restore what the frame of a 32-bit call says. Linux 2.6.39 does not look, and leaves by IRET
/// whenever there is work; from 4.4 on C looks, also after work.
/// </summary>
public sealed class FastReturn32Tests
{
    /// <summary>A reason for not returning by the fast way.</summary>
    public enum Reason
    {
        None,
        RipIsNotTheLandingPad,
        ResumeFlag,
        TrapFlag,
        CodeSegment,
        StackSegment,
    }

    public static TheoryData<string, string, Way, Reason, bool> Rows()
    {
        var rows = new TheoryData<string, string, Way, Reason, bool>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Haswell, Cpus.Skylake, Cpus.Core2, Cpus.Zen2, Cpus.Zen4, Cpus.K8])
            {
                foreach (Way way in new[] { Way.Sysenter32, Way.Syscall32, Way.Vsyscall32 }.Where(way => way.IsOf(cpu)))
                {
                    foreach (Reason reason in Enum.GetValues<Reason>())
                    {
                        rows.Add(kernel.Name, cpu.Name, way, reason, false);
                        rows.Add(kernel.Name, cpu.Name, way, reason, true);
                    }
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_frame_that_the_fast_way_cannot_restore_leaves_as_its_generation_has_it(string kernel, string cpu, Way way, Reason reason, bool withWork)
    {
        CallInFlight call = Prepare(kernel, cpu, way, reason, withWork);
        Mnemonic fast = way.Exit(call.Kernel, Cpus.Find(cpu));
        bool looks = !call.Kernel.Traits.HasPartialFrame;
        bool isFast = looks ? reason == Reason.None : !withWork;
        Assert.Equal(isFast ? fast : Mnemonic.Iretq, RingExits.Next(call.Machine).By);
    }

    public static TheoryData<string, string, Way> Ways()
    {
        var rows = new TheoryData<string, string, Way>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            rows.Add(kernel.Name, "Skylake", Way.Sysenter32);
            rows.Add(kernel.Name, "Zen2", Way.Syscall32);
        }

        return rows;
    }

    /// <summary>The address of the frame counts on every way: EDX for SYSEXIT and ECX for SYSRET are loaded from it.</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public void A_changed_return_address_is_where_the_program_goes_on(string kernel, string cpu, Way way)
    {
        CallInFlight call = Prepare(kernel, cpu, way, Reason.RipIsNotTheLandingPad, withWork: false);
        Assert.Equal(UserSpace.Code32, RingExits.Next(call.Machine).To);
    }

    /// <summary>A call of another segment than the vDSO's caller's is a 64-bit program's: the program goes on in 64-bit mode only after IRET.</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public void A_changed_code_segment_is_seen_only_after_iret(string kernel, string cpu, Way way)
    {
        CallInFlight call = Prepare(kernel, cpu, way, Reason.CodeSegment, withWork: false);
        RingExits.Next(call.Machine);
        ulong expected = call.Kernel.Traits.HasPartialFrame ? Selectors.User32Cs : (ulong)Selectors.UserCs;
        Assert.Equal(expected, call.Machine.Processor.Registers[SegmentName.CS].Selector);
    }

    private static CallInFlight Prepare(string kernel, string cpu, Way way, Reason reason, bool withWork)
    {
        CallInFlight call = CallInFlight.Of(kernel, Cpus.Find(cpu), way);
        switch (reason)
        {
            case Reason.RipIsNotTheLandingPad:
                call[PtRegsOffsets.Ip] = UserSpace.Code32;
                break;
            case Reason.ResumeFlag:
                call[PtRegsOffsets.Flags] |= Rflags.RF;
                break;
            case Reason.TrapFlag:
                call[PtRegsOffsets.Flags] |= Rflags.TF;
                break;
            case Reason.CodeSegment:
                call[PtRegsOffsets.Cs] = Selectors.UserCs;
                break;
            case Reason.StackSegment:
                call[PtRegsOffsets.Ss] = Selectors.UserDs & ~1ul;
                break;
        }

        if (withWork)
            call.AskForWorkOnExit();
        return call;
    }
}
