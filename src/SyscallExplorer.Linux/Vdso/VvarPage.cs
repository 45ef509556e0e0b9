using System.Buffers.Binary;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>Who writes the data page: boot for the first time, then the kernel whenever its timekeeper moves.</summary>
internal static class VvarPage
{
    /// <summary>Where guest code of the kernel sees it.</summary>
    public const ulong Address = KernelLayout.DirectMap + VdsoSet.DataPhysical;

    /// <summary>The kernel's function that writes it.</summary>
    public const string Symbol = "update_vsyscall";

    private const int NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The state at boot: time stands at the counter's zero.</summary>
    public static void WriteFirst(Span<byte> page, VvarLayout layout, ReadOnlySpan<byte> timekeeper)
    {
        uint mult = BinaryPrimitives.ReadUInt32LittleEndian(timekeeper[TimekeeperLayout.Mult..]);
        uint shift = BinaryPrimitives.ReadUInt32LittleEndian(timekeeper[TimekeeperLayout.Shift..]);
        int mode = BinaryPrimitives.ReadInt32LittleEndian(timekeeper[TimekeeperLayout.ClockMode..]);
        ulong seconds = BinaryPrimitives.ReadUInt64LittleEndian(timekeeper[TimekeeperLayout.Seconds..]);
        foreach (int block in layout.Blocks)
        {
            Span<byte> line = page[block..];
            BinaryPrimitives.WriteInt32LittleEndian(line[layout.ClockMode..], mode);
            BinaryPrimitives.WriteUInt64LittleEndian(line[layout.Mask..], ulong.MaxValue);
            BinaryPrimitives.WriteUInt32LittleEndian(line[layout.Mult..], mult);
            BinaryPrimitives.WriteUInt32LittleEndian(line[layout.Shift..], shift);
            if (layout.MaxCycles is { } longest)
                BinaryPrimitives.WriteUInt64LittleEndian(line[longest..], (ulong.MaxValue - ((ulong)NanosecondsPerSecond << (int)shift)) / mult);
        }

        if (layout.WallToMonotonic is { } offset)
            timekeeper.Slice(TimekeeperLayout.WallToMonotonicSeconds, 2 * sizeof(ulong)).CopyTo(page[(layout.Blocks[0] + offset)..]);
        foreach (VvarClock clock in layout.Clocks.Where(clock => ClockIds.IsWallClock(clock.Clock)))
            BinaryPrimitives.WriteUInt64LittleEndian(page[clock.Seconds..], seconds);
        if (layout.Resolution is { } resolution)
            BinaryPrimitives.WriteInt32LittleEndian(page[resolution..], 1);
        if (layout.Random is { } random)
        {
            // The kernel's generator has a key from the first on; zero is the generation of a program that has none.
            BinaryPrimitives.WriteUInt64LittleEndian(page[random..], 1);
            BinaryPrimitives.WriteUInt64LittleEndian(page[(random + sizeof(ulong))..], 1);
        }
    }

    /// <summary>R11 is the timekeeper. What readers see meanwhile is odd, and they wait.</summary>
    public static void Emit(KernelAssembler k, VvarLayout layout)
    {
        k.Global(Symbol);
        k.mov(r10, Address);
        foreach (int block in layout.Blocks)
            k.inc(__dword_ptr[r10 + block + layout.Sequence]);
        k.mov(rdx, __qword_ptr[r11 + TimekeeperLayout.CycleLast]);
        k.mov(eax, __dword_ptr[r11 + TimekeeperLayout.Mult]);
        k.mov(ecx, __dword_ptr[r11 + TimekeeperLayout.Shift]);
        k.mov(esi, __dword_ptr[r11 + TimekeeperLayout.ClockMode]);
        foreach (int block in layout.Blocks)
        {
            // The upper half of a function's address stays what boot has written: none.
            k.mov(__dword_ptr[r10 + block + layout.ClockMode], esi);
            k.mov(__qword_ptr[r10 + block + layout.CycleLast], rdx);
            k.mov(__dword_ptr[r10 + block + layout.Mult], eax);
            k.mov(__dword_ptr[r10 + block + layout.Shift], ecx);
        }

        k.mov(r8, __qword_ptr[r11 + TimekeeperLayout.Seconds]);
        k.mov(rax, __qword_ptr[r11 + TimekeeperLayout.ShiftedNanoseconds]);
        Store(k, layout, isWall: true);
        StoreWallToMonotonic(k, layout);
        k.mov(rdx, __qword_ptr[r11 + TimekeeperLayout.WallToMonotonicNanoseconds]);
        k.shl(rdx, cl);
        k.add(rax, rdx);
        k.add(r8, __qword_ptr[r11 + TimekeeperLayout.WallToMonotonicSeconds]);
        k.mov(edx, NanosecondsPerSecond);
        k.shl(rdx, cl);
        k.cmp(rax, rdx);
        k.jb(k.To(Symbol + ".monotonic"));
        k.sub(rax, rdx);
        k.inc(r8);
        k.Local(Symbol + ".monotonic");
        Store(k, layout, isWall: false);
        foreach (int block in layout.Blocks)
            k.inc(__dword_ptr[r10 + block + layout.Sequence]);
        k.ret();
    }

    /// <summary>R8 is the seconds, RAX the shifted nanoseconds, CL the shift.</summary>
    private static void Store(KernelAssembler k, VvarLayout layout, bool isWall)
    {
        k.mov(rdx, rax);
        k.shr(rdx, cl);
        foreach (VvarClock clock in layout.Clocks.Where(clock => ClockIds.IsWallClock(clock.Clock) == isWall && !clock.IsFromWallClock))
        {
            k.mov(__qword_ptr[r10 + clock.Seconds], r8);
            if (layout.WallToMonotonic is not null && clock.IsShifted)
                k.mov(__dword_ptr[r10 + clock.Nanoseconds], edx);
            else
                k.mov(__qword_ptr[r10 + clock.Nanoseconds], clock.IsShifted ? rax : rdx);
        }
    }

    private static void StoreWallToMonotonic(KernelAssembler k, VvarLayout layout)
    {
        if (layout.WallToMonotonic is not { } offset)
            return;
        k.mov(rdx, __qword_ptr[r11 + TimekeeperLayout.WallToMonotonicSeconds]);
        k.mov(__qword_ptr[r10 + layout.Blocks[0] + offset], rdx);
        k.mov(rdx, __qword_ptr[r11 + TimekeeperLayout.WallToMonotonicNanoseconds]);
        k.mov(__qword_ptr[r10 + layout.Blocks[0] + offset + 8], rdx);
    }
}
