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
    public static (byte[] Code, int LandingPad) Build(IReadOnlySet<KernelFeature> features, ulong entry)
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
        int landingPad = AssembledBytes.Of(a, entry).Length;
        a.pop(ebp);
        a.pop(edx);
        a.pop(ecx);
        a.ret();
        return (AssembledBytes.Of(a, entry), landingPad);
    }

    /// <summary>Where the code stands that handlers return to.</summary>
    public static SignalTrampolines TrampolinesAt(ulong page) => new(
        page + (UserSpace.KernelSigreturn - UserSpace.KernelVsyscallPage), page + (UserSpace.KernelRtSigreturn - UserSpace.KernelVsyscallPage));

    /// <summary>Maps the page, and tells guest code where it is.</summary>
    public static void Map(LinuxMachine machine, AddressSpace memory)
    {
        ulong page = machine.Architecture.VsyscallPage, entry = page + (UserSpace.KernelVsyscall - UserSpace.KernelVsyscallPage);
        SignalTrampolines trampolines = TrampolinesAt(page);
        memory.Add(new VmArea(page, page + KernelLayout.PageSize, true, false, true, "[vdso]"));
        (byte[] code, int landingPad) = Build(machine.Features, entry);
        memory.TryForce(entry, code);
        memory.TryForce(trampolines.Sigreturn, SignalFrame32.OldReturnCode);
        memory.TryForce(trampolines.RtSigreturn, SignalFrame32.ReturnCode);
        SyscallExplorer.Machine.PhysicalMemory ram = machine.Processor.Bus.Ram;
        ram.WriteUInt64(memory.Map.Frame + TaskLayout.MmVdso, page);
        ram.WriteUInt64(memory.Map.Frame + TaskLayout.MmLandingPad, entry + (ulong)landingPad);
    }
}
