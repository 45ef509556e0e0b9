using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The vDSO's functions for 64-bit code, that of x32 programs included: what the system calls of the same names do, from the data page, as
/// compiled C would.
/// </summary>
internal sealed class VdsoCode64(VdsoGeneration generation)
{
    private const int NanosecondsPerSecond = 1_000_000_000;
    private const int Gettimeofday = 96, ClockGettimeNumber = 228, ClockGetresNumber = 229;

    private readonly VvarLayout _layout = generation.Data;

    public void EmitClockGettime(VdsoAssembler a)
    {
        Label real = a.CreateLabel();
        Select(a, real, () => Store(a), () => Store(a));
        a.Label(ref real);
        Fallback(a, ClockGettimeNumber);
    }

    public void EmitGettimeofday(VdsoAssembler a)
    {
        VvarClock clock = Of(ClockIds.Realtime);
        Label real = a.CreateLabel(), zone = a.CreateLabel(), done = a.CreateLabel();
        a.test(rdi, rdi);
        a.je(zone);
        Reach(a, Code.Lea_r64_m, r10, clock.Block);
        Read(a, clock, r10, real);
        a.mov(__qword_ptr[rdi], r9);
        a.mov(eax, eax);
        a.imul(rax, rax, DivideByThousand.Multiplier);
        a.shr(rax, DivideByThousand.Shift);
        a.mov(__qword_ptr[rdi + 8], rax);
        a.Label(ref zone);
        a.test(rsi, rsi);
        a.je(done);
        Reach(a, Code.Mov_r64_rm64, rax, _layout.Timezone);
        a.mov(__qword_ptr[rsi], rax);
        a.Label(ref done);
        a.xor(eax, eax);
        a.ret();
        a.Label(ref real);
        Fallback(a, Gettimeofday);
    }

    /// <summary>The seconds are one word, so that no sequence number is needed.</summary>
    public void EmitTime(VdsoAssembler a)
    {
        Label done = a.CreateLabel();
        Reach(a, Code.Mov_r64_rm64, rax, Of(ClockIds.Realtime).Seconds);
        a.test(rdi, rdi);
        a.je(done);
        a.mov(__qword_ptr[rdi], rax);
        a.Label(ref done);
        a.ret();
    }

    public void EmitClockGetres(VdsoAssembler a)
    {
        Label fine = a.CreateLabel(), coarse = a.CreateLabel(), give = a.CreateLabel(), done = a.CreateLabel();
        foreach (IGrouping<bool, VvarClock> kind in _layout.Clocks.GroupBy(clock => clock.IsShifted))
        {
            foreach (VvarClock clock in kind)
            {
                a.cmp(edi, clock.Clock);
                a.je(kind.Key ? fine : coarse);
            }
        }

        Fallback(a, ClockGetresNumber);
        a.Label(ref fine);
        Reach(a, Code.Mov_r64_rm64, rax, _layout.Resolution ?? throw new InvalidOperationException("This data page has no resolution."));
        a.mov(eax, eax);
        a.jmp(give);
        a.Label(ref coarse);
        a.mov(eax, (int)Scheduler.NanosecondsPerTick);
        a.Label(ref give);
        a.test(rsi, rsi);
        a.je(done);
        a.mov(__qword_ptr[rsi], 0);
        a.mov(__qword_ptr[rsi + 8], rax);
        a.Label(ref done);
        a.xor(eax, eax);
        a.ret();
    }

    public void EmitGetrandom(VdsoAssembler a) =>
        VdsoRandom.Emit(a, Page(_layout.Random ?? throw new InvalidOperationException("This data page tells nothing about random numbers.")));

    public void EmitGetcpu(VdsoAssembler a) => GetcpuCode.Emit(a, generation.KnowsRdpid, (argument, skip) =>
    {
        AssemblerRegister64 pointer = argument == 0 ? rdi : rsi;
        a.test(pointer, pointer);
        a.je(skip);
        return __dword_ptr[pointer];
    });

    /// <summary>Reads the clock in EDI: seconds to R9, nanoseconds to RAX. An array is indexed; fields of their own are told apart one by one.</summary>
    private void Select(VdsoAssembler a, Label real, Action giveFine, Action giveCoarse)
    {
        if (_layout.Bases is not { } bases)
        {
            foreach (VvarClock clock in _layout.Clocks)
            {
                Label next = a.CreateLabel();
                a.cmp(edi, clock.Clock);
                a.jne(next);
                Reach(a, Code.Lea_r64_m, r10, clock.Block);
                Read(a, clock, r10, real);
                (clock.IsShifted ? giveFine : giveCoarse)();
                a.Label(ref next);
                a.nop();
            }

            return;
        }

        a.cmp(edi, _layout.Clocks.Max(clock => clock.Clock));
        a.ja(real);
        a.mov(ecx, edi);
        a.mov(eax, 1);
        a.shl(eax, cl);
        foreach (IGrouping<(int Block, bool IsShifted), VvarClock> kind in _layout.Clocks.GroupBy(clock => (clock.Block, clock.IsShifted)))
        {
            Label next = a.CreateLabel();
            a.test(eax, kind.Sum(clock => 1 << clock.Clock));
            a.je(next);
            Reach(a, Code.Lea_r64_m, r10, kind.Key.Block);
            a.shl(ecx, 4);
            a.lea(r11, __[r10 + rcx + bases]);

            // R11 stands for the first clock of the array.
            Read(a, new VvarClock(0, 0, 8, kind.Key.IsShifted, 0), r11, real);
            (kind.Key.IsShifted ? giveFine : giveCoarse)();
            a.Label(ref next);
            a.nop();
        }

        a.jmp(real);
    }

    /// <summary>Reads a clock under its sequence number, and goes elsewhere where the counter cannot be read here. R10 is its block.</summary>
    private void Read(VdsoAssembler a, VvarClock clock, AssemblerRegister64 fields, Label real)
    {
        Label retry = a.CreateLabel(), wait = a.CreateLabel(), even = a.CreateLabel(), under = a.CreateLabel(), normalise = a.CreateLabel(), done = a.CreateLabel();
        a.Label(ref retry);
        a.mov(r8d, __dword_ptr[r10 + _layout.Sequence]);
        a.test(r8d, 1);
        a.je(even);
        a.Label(ref wait);
        a.pause();
        a.jmp(retry);
        a.Label(ref even);
        if (clock.IsShifted)
        {
            if (_layout.Fixed is null)
            {
                a.cmp(__dword_ptr[r10 + _layout.ClockMode], VvarLayout.ByTsc);
                a.jne(real);
            }
            else
            {
                a.cmp(__qword_ptr[r10 + _layout.ClockMode], 0);
                a.je(real);
            }

            a.ReadCounter(generation.Ordering);
            a.shl(rdx, 32);
            a.or(rax, rdx);

            // Another processor's counter may be behind by a little.
            a.xor(edx, edx);
            a.sub(rax, __qword_ptr[r10 + _layout.CycleLast]);
            a.cmovb(rax, rdx);
            if (_layout.MaxCycles is { } longest)
            {
                a.cmp(rax, __qword_ptr[r10 + longest]);
                a.cmova(rax, rdx);
            }
            else
            {
                a.and(rax, __qword_ptr[r10 + _layout.Mask]);
            }

            a.mov(ecx, __dword_ptr[r10 + _layout.Mult]);
            a.imul(rax, rcx);
            a.mov(ecx, __dword_ptr[r10 + _layout.Shift]);
            if (_layout.WallToMonotonic is null)
            {
                a.add(rax, __qword_ptr[fields + FieldOf(clock.Nanoseconds, clock)]);
                a.shr(rax, cl);
            }
            else
            {
                a.shr(rax, cl);
                a.mov(edx, __dword_ptr[fields + FieldOf(clock.Nanoseconds, clock)]);
                a.add(rax, rdx);
            }
        }
        else
        {
            a.mov(rax, __qword_ptr[fields + FieldOf(clock.Nanoseconds, clock)]);
        }

        a.mov(r9, __qword_ptr[fields + FieldOf(clock.Seconds, clock)]);
        if (clock.IsFromWallClock && _layout.WallToMonotonic is { } way)
        {
            a.add(r9, __qword_ptr[r10 + way]);
            a.add(rax, __qword_ptr[r10 + way + 8]);
        }

        a.cmp(r8d, __dword_ptr[r10 + _layout.Sequence]);
        a.jne(retry);
        if (!clock.IsShifted && !clock.IsFromWallClock)
            return;
        a.Label(ref normalise);
        a.cmp(rax, NanosecondsPerSecond);
        a.jb(done);
        a.Label(ref under);
        a.sub(rax, NanosecondsPerSecond);
        a.inc(r9);
        a.jmp(normalise);
        a.Label(ref done);
        a.nop();
    }

    private static int FieldOf(int offset, VvarClock clock) => offset - clock.Block;

    private static void Store(VdsoAssembler a)
    {
        a.mov(__qword_ptr[rsi], r9);
        a.mov(__qword_ptr[rsi + 8], rax);
        a.xor(eax, eax);
        a.ret();
    }

    private static void Fallback(VdsoAssembler a, int number)
    {
        a.mov(eax, number);
        a.syscall();
        a.ret();
    }

    private VvarClock Of(int clock) => _layout.Clocks.First(entry => entry.Clock == clock);

    private void Reach(VdsoAssembler a, Code code, AssemblerRegister64 register, int offset)
    {
        if (_layout.Fixed is { } page)
            a.FromFixed(code, register, page + offset);
        else
            a.FromHere(code, register, Page(offset));
    }

    private long Page(int offset) => offset - _layout.Pages * (long)KernelLayout.PageSize;
}
