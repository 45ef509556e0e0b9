using System.Collections.Immutable;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>A call of the vsyscall page.</summary>
/// <param name="Offset">Where its code begins in the page.</param>
/// <param name="Number">The number of the system call that does the same.</param>
/// <param name="Name">The name of that call.</param>
internal sealed record VsyscallSlot(int Offset, int Number, string Name);

/// <summary>The page of three calls at an address that is the same for all 64-bit programs, in the kernel's half.</summary>
internal static class VsyscallPage
{
    public const ulong Address = 0xFFFF_FFFF_FF60_0000;

    /// <summary>The frame from Linux 3.1 on; before, it is that of the data which the vDSO reads too.</summary>
    public const ulong Physical = 0x0323_0000;

    /// <summary>Bytes of a slot, of which the page has four.</summary>
    public const int SlotSize = 1024;

    private const byte Breakpoint = 0xCC;

    /// <summary>The calls, in order.</summary>
    public static ImmutableArray<VsyscallSlot> Slots { get; } = [new(0, 96, "gettimeofday"), new(SlotSize, 201, "time"), new(2 * SlotSize, 309, "getcpu")];

    /// <summary>Whether an address lies in the page.</summary>
    public static bool Contains(ulong address) => address - Address < KernelLayout.PageSize;

    /// <summary>The frame that a version shows there.</summary>
    public static ulong FrameOf(Version version) => version < VsyscallModes.Since ? VdsoSet.DataPhysical : Physical;

    /// <summary>Rights of the page's entry, or null where there is none. It is the same in all address spaces.</summary>
    public static ulong? RightsIn(VsyscallMode mode) => mode switch
    {
        VsyscallMode.Native => PageEntry.P | PageEntry.US | PageEntry.A | PageEntry.G,
        VsyscallMode.Emulate => PageEntry.P | PageEntry.US | PageEntry.A | PageEntry.G | PageEntry.NX,
        _ => null,
    };

    /// <summary>Puts the code into memory; data that is there already stays.</summary>
    public static void Write(PhysicalMemory ram, Version version, IReadOnlySet<KernelFeature> features)
    {
        if (version < VsyscallModes.Since)
        {
            foreach ((int offset, byte[] code) in OldVsyscallCode.For(features))
                ram.Write(VdsoSet.DataPhysical + (ulong)offset, code);
            return;
        }

        ram.Write(Physical, Bytes());
    }

    /// <summary>The page that is not meant to run but could: each slot is its system call, then breakpoints. The fourth slot is breakpoints only.</summary>
    public static byte[] Bytes()
    {
        byte[] page = new byte[KernelLayout.PageSize];
        page.AsSpan().Fill(Breakpoint);
        foreach (VsyscallSlot slot in Slots)
        {
            byte[] code = [0x48, 0xC7, 0xC0, .. BitConverter.GetBytes(slot.Number), 0x0F, 0x05, 0xC3];
            code.CopyTo(page, slot.Offset);
        }

        return page;
    }

    /// <summary>Maps it where the mode has a page, into both roots where there are two.</summary>
    public static void Map(PageTables tables, ulong kernelRoot, ulong userRoot, Version version, VsyscallMode mode)
    {
        if (RightsIn(mode) is not { } rights)
            return;
        foreach (ulong root in (HashSet<ulong>)[kernelRoot, userRoot])
            tables.Map(root, Address, FrameOf(version), rights);
    }

    /// <summary>The last line of a 64-bit program's map, or null.</summary>
    public static MemoryRegion? RegionIn(VsyscallMode mode) => mode == VsyscallMode.None
        ? null
        : new MemoryRegion(Address, Address + KernelLayout.PageSize, RightsIn(mode) is not null, false, true, false, 0, 0, 0, 0, "[vsyscall]");

    /// <summary>Reads it as a debugger does, which sees no more than the program.</summary>
    public static bool TryPeek(LinuxMachine machine, ulong address, Span<byte> destination)
    {
        ulong within = address - Address;
        if (within + (ulong)destination.Length > KernelLayout.PageSize || RightsIn(machine.Vsyscall) is null)
            return false;
        machine.Processor.Bus.Ram.Read(FrameOf(machine.Kernel.Traits.Version) + within, destination);
        return true;
    }
}

/// <summary>The code of Linux 2.6.39, which reads the clock from its own page and makes the system call only where that does not say enough.</summary>
internal static class OldVsyscallCode
{
    private const ulong Reserved = VsyscallPage.Address + 3 * VsyscallPage.SlotSize;

    /// <summary>Pieces of code with their offsets in the page.</summary>
    public static IEnumerable<(int Offset, byte[] Code)> For(IReadOnlySet<KernelFeature> features)
    {
        VdsoGeneration generation = VdsoGeneration.Of("2.6.39");
        var code = new VdsoCode64(generation);
        (ulong Address, Action<VdsoAssembler> Emit)[] pieces =
        [
            (VsyscallPage.Address, code.EmitGettimeofday),
            (VsyscallPage.Address + VsyscallPage.SlotSize, a => EmitTime(a, generation.Data)),
            (VsyscallPage.Address + 2 * VsyscallPage.SlotSize, code.EmitGetcpu),
            (Reserved, EmitReserved),
        ];
        foreach ((ulong address, Action<VdsoAssembler> emit) in pieces)
        {
            var assembler = new VdsoAssembler(VdsoAbi.X64, address);
            emit(assembler);
            VdsoFunction function = assembler.Finish("vsyscall");
            byte[] bytes = [.. function.Code];
            foreach (CodeAlternative alternative in function.Alternatives.Where(alternative => features.Contains(alternative.Feature)))
                alternative.Replacement.CopyTo(bytes, (int)(alternative.Address - address));
            yield return ((int)(address - VsyscallPage.Address), bytes);
        }
    }

    /// <summary>The seconds under the sequence number.</summary>
    private static void EmitTime(VdsoAssembler a, VvarLayout layout)
    {
        Iced.Intel.Label retry = a.CreateLabel(), done = a.CreateLabel();
        VvarClock clock = layout.Clocks.First(entry => entry.Clock == ClockIds.Realtime);
        long page = unchecked((long)VsyscallPage.Address);
        a.FromFixed(Iced.Intel.Code.Lea_r64_m, r10, page + clock.Block);
        a.Label(ref retry);
        a.pause();
        a.mov(r8d, __dword_ptr[r10 + layout.Sequence]);
        a.test(r8d, 1);
        a.jne(retry);
        a.mov(rax, __qword_ptr[r10 + (clock.Seconds - clock.Block)]);
        a.cmp(r8d, __dword_ptr[r10 + layout.Sequence]);
        a.jne(retry);
        a.test(rdi, rdi);
        a.je(done);
        a.mov(__qword_ptr[rdi], rax);
        a.Label(ref done);
        a.ret();
    }

    private static void EmitReserved(VdsoAssembler a)
    {
        a.mov(rax, -Errno.ENOSYS);
        a.ret();
    }
}
