using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The stub that 32-bit programs call: it saves what the fast instruction destroys, enters, and is returned to at the landing pad, before
/// which an <c>int $0x80</c> stands for restarts. Layout of Linux 4.4 and later.
/// </summary>
internal static class KernelVsyscall
{
    /// <summary>The stub's bytes and the landing pad's offset in them.</summary>
    public static (byte[] Code, int LandingPad) Build(IReadOnlySet<KernelFeature> features)
    {
        var a = new Assembler(32);
        a.push(ecx);
        a.push(edx);
        a.push(ebp);
        if (features.Contains(KernelFeature.Syscall32))
        {
            a.mov(ebp, ecx);
            a.syscall();
        }
        else if (features.Contains(KernelFeature.Sysenter32))
        {
            a.mov(ebp, esp);
            a.sysenter();
        }

        const int syscallVector = 0x80;
        a.@int(unchecked((sbyte)syscallVector));
        int landingPad = AssembledBytes.Of(a, UserSpace.KernelVsyscall).Length;
        a.pop(ebp);
        a.pop(edx);
        a.pop(ecx);
        a.ret();
        return (AssembledBytes.Of(a, UserSpace.KernelVsyscall), landingPad);
    }

    /// <summary>Maps the page, and tells guest code where it is.</summary>
    public static void Map(LinuxMachine machine, AddressSpace memory)
    {
        memory.Add(new VmArea(UserSpace.KernelVsyscallPage, UserSpace.KernelVsyscallPage + KernelLayout.PageSize, true, false, true, "[vdso]"));
        (byte[] code, int landingPad) = Build(machine.Features);
        memory.TryForce(UserSpace.KernelVsyscall, code);
        memory.TryForce(UserSpace.KernelSigreturn, SignalFrame32.OldReturnCode);
        memory.TryForce(UserSpace.KernelRtSigreturn, SignalFrame32.ReturnCode);
        SyscallExplorer.Machine.PhysicalMemory ram = machine.Processor.Bus.Ram;
        ram.WriteUInt64(memory.Map.Frame + TaskLayout.MmVdso, UserSpace.KernelVsyscallPage);
        ram.WriteUInt64(memory.Map.Frame + TaskLayout.MmLandingPad, UserSpace.KernelVsyscall + (ulong)landingPad);
    }
}
