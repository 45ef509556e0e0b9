using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>update_wall_time</c> and <c>update_vsyscall</c> of a 32-bit kernel: the same work as on x86-64, in words of 32 bits. Before Linux 3.15 there is no page
/// that programs read the time from, so that only the kernel's own timekeeper moves.
/// </summary>
internal static class I386Timekeeping
{
    private const int NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Where guest code of the kernel sees the page.</summary>
    private const ulong Page = I386Layout.PageOffset + VdsoSet.DataPhysical;

    public static void Emit(KernelAssembler k, VvarLayout layout)
    {
        bool hasPage = layout.Fixed is null;
        k.Composed();
        k.Phase(PhaseKind.Interrupted);
        EmitUpdate(k, hasPage);
        if (hasPage)
            EmitTell(k, layout);
    }

    private static AssemblerMemoryOperand Word(int offset) => __dword_ptr[I386Layout.Timekeeper + (ulong)offset];

    private static AssemblerMemoryOperand Vvar(int offset) => __dword_ptr[Page + (ulong)offset];

    /// <summary>What is left of a nanosecond stays in the shifted sum. Much time may have passed since the last tick, when all slept.</summary>
    private static void EmitUpdate(KernelAssembler k, bool hasPage)
    {
        const string name = TimekeepingCode.Symbol;
        k.Global(name);
        k.push(ebx);
        k.push(esi);
        k.push(edi);
        k.push(ebp);
        I386Clock.ReadCounter(k);
        k.push(edx);
        k.push(eax);
        k.sub(eax, Word(TimekeeperLayout.CycleLast));
        k.sbb(edx, Word(TimekeeperLayout.CycleLast + 4));
        k.jb(k.To(name + ".out"));
        I386Clock.Scale(k);
        k.push(edi);
        k.mov(ecx, Word(TimekeeperLayout.Shift));
        k.shrd(edi, ebp, cl);
        k.shrd(ebp, edx, cl);
        I386Clock.Divide(k);

        // EBX:EDX becomes what is left of the second, shifted, with the bits of the product that were shifted out.
        k.xor(ebx, ebx);
        k.shld(ebx, edx, cl);
        k.shl(edx, cl);
        k.pop(edi);
        k.mov(esi, 1);
        k.shl(esi, cl);
        k.dec(esi);
        k.and(edi, esi);
        k.or(edx, edi);
        k.inc(Word(TimekeeperLayout.Sequence));
        k.mov(Word(TimekeeperLayout.ShiftedNanoseconds), edx);
        k.mov(Word(TimekeeperLayout.ShiftedNanoseconds + 4), ebx);
        k.add(Word(TimekeeperLayout.Seconds), eax);
        k.adc(Word(TimekeeperLayout.Seconds + 4), ebp);
        k.mov(eax, __dword_ptr[esp]);
        k.mov(Word(TimekeeperLayout.CycleLast), eax);
        k.mov(eax, __dword_ptr[esp + 4]);
        k.mov(Word(TimekeeperLayout.CycleLast + 4), eax);
        k.inc(Word(TimekeeperLayout.Sequence));
        if (hasPage)
            k.call(k.To(VvarPage.Symbol));
        k.Local(name + ".out");
        k.add(esp, 8);
        k.pop(ebp);
        k.pop(edi);
        k.pop(esi);
        k.pop(ebx);
        k.ret();
    }

    /// <summary>What readers see meanwhile is odd, and they wait. All registers may change.</summary>
    private static void EmitTell(KernelAssembler k, VvarLayout layout)
    {
        k.Global(VvarPage.Symbol);
        Count(k, layout);
        foreach ((int from, int to) in (ReadOnlySpan<(int, int)>)[(TimekeeperLayout.ClockMode, layout.ClockMode), (TimekeeperLayout.CycleLast, layout.CycleLast),
            (TimekeeperLayout.CycleLast + 4, layout.CycleLast + 4), (TimekeeperLayout.Mult, layout.Mult), (TimekeeperLayout.Shift, layout.Shift)])
        {
            k.mov(eax, Word(from));
            foreach (int block in layout.Blocks)
                k.mov(Vvar(block + to), eax);
        }

        // ESI and EBP are the seconds, EBX:EAX the shifted nanoseconds.
        k.mov(esi, Word(TimekeeperLayout.Seconds));
        k.mov(ebp, Word(TimekeeperLayout.Seconds + 4));
        k.mov(eax, Word(TimekeeperLayout.ShiftedNanoseconds));
        k.mov(ebx, Word(TimekeeperLayout.ShiftedNanoseconds + 4));
        Store(k, layout, isWall: true);
        k.mov(edx, Word(TimekeeperLayout.WallToMonotonicNanoseconds));
        k.xor(edi, edi);
        k.shld(edi, edx, cl);
        k.shl(edx, cl);
        k.add(eax, edx);
        k.adc(ebx, edi);
        k.add(esi, Word(TimekeeperLayout.WallToMonotonicSeconds));
        k.adc(ebp, Word(TimekeeperLayout.WallToMonotonicSeconds + 4));
        k.mov(edx, NanosecondsPerSecond);
        k.xor(edi, edi);
        k.shld(edi, edx, cl);
        k.shl(edx, cl);
        k.cmp(ebx, edi);
        k.jb(k.To(VvarPage.Symbol + ".monotonic"));
        k.ja(k.To(VvarPage.Symbol + ".carry"));
        k.cmp(eax, edx);
        k.jb(k.To(VvarPage.Symbol + ".monotonic"));
        k.Local(VvarPage.Symbol + ".carry");
        k.sub(eax, edx);
        k.sbb(ebx, edi);
        k.add(esi, 1);
        k.adc(ebp, 0);
        k.Local(VvarPage.Symbol + ".monotonic");
        Store(k, layout, isWall: false);
        Count(k, layout);
        k.ret();
    }

    private static void Count(KernelAssembler k, VvarLayout layout)
    {
        foreach (int block in layout.Blocks)
            k.inc(Vvar(block + layout.Sequence));
    }

    /// <summary>ECX becomes the shift; EDX and EDI change.</summary>
    private static void Store(KernelAssembler k, VvarLayout layout, bool isWall)
    {
        k.mov(ecx, Word(TimekeeperLayout.Shift));
        k.mov(edx, eax);
        k.mov(edi, ebx);
        k.shrd(edx, edi, cl);
        k.shr(edi, cl);
        foreach (VvarClock clock in layout.Clocks.Where(clock => ClockIds.IsWallClock(clock.Clock) == isWall))
        {
            k.mov(Vvar(clock.Seconds), esi);
            k.mov(Vvar(clock.Seconds + 4), ebp);
            k.mov(Vvar(clock.Nanoseconds), clock.IsShifted ? eax : edx);
            k.mov(Vvar(clock.Nanoseconds + 4), clock.IsShifted ? ebx : edi);
        }
    }
}
