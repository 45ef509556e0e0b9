using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>The vDSO's functions for 32-bit code, which reach the kernel through <c>__kernel_vsyscall</c> where they have to.</summary>
internal sealed class VdsoCode32(VdsoGeneration generation, ulong kernelVsyscall)
{
    private const int NanosecondsPerSecond = 1_000_000_000;
    private const int Gettimeofday = 78, ClockGettime32 = 265, ClockGetres32 = 266, ClockGettime64 = 403;

    private static readonly Register[] s_saved = [Register.EBP, Register.EBX, Register.ESI, Register.EDI];

    private readonly VvarLayout _layout = generation.Data;

    public void EmitClockGettime(VdsoAssembler a) => EmitClockGettime(a, wide: false);

    public void EmitClockGettime64(VdsoAssembler a) => EmitClockGettime(a, wide: true);

    private void EmitClockGettime(VdsoAssembler a, bool wide)
    {
        Label real = a.CreateLabel(), give = a.CreateLabel();
        ulong here = Begin(a);
        a.mov(ecx, Argument(a, 0));
        foreach (VvarClock clock in _layout.Bases is null ? _layout.Clocks : [])
        {
            Label next = a.CreateLabel();
            a.cmp(ecx, clock.Clock);
            a.jne(next);
            a.add(ebx, Page(clock.Block, here));
            Read(a, clock with { Seconds = clock.Seconds - clock.Block, Nanoseconds = clock.Nanoseconds - clock.Block }, ebx, real);
            a.jmp(give);
            a.Label(ref next);
            a.nop();
        }

        if (_layout.Bases is { } bases)
            SelectIndexed(a, here, bases, real, give);
        a.jmp(real);
        a.Label(ref give);
        a.mov(edx, Argument(a, 1));
        a.mov(__dword_ptr[edx], edi);
        a.mov(__dword_ptr[edx + (wide ? 8 : 4)], eax);
        if (wide)
        {
            a.mov(__dword_ptr[edx + 4], ecx);
            a.mov(__dword_ptr[edx + 12], 0);
        }

        a.xor(eax, eax);
        End(a);
        Fallback(a, real, wide ? ClockGettime64 : ClockGettime32);
    }

    public void EmitGettimeofday(VdsoAssembler a)
    {
        VvarClock clock = Of(ClockIds.Realtime);
        Label real = a.CreateLabel(), zone = a.CreateLabel(), done = a.CreateLabel();
        ulong here = Begin(a);
        a.cmp(Argument(a, 0), 0);
        a.je(zone);
        a.add(ebx, Page(clock.Block, here));
        Read(a, clock with { Seconds = clock.Seconds - clock.Block, Nanoseconds = clock.Nanoseconds - clock.Block }, ebx, real);
        a.sub(ebx, Page(clock.Block, here));
        a.mov(edx, DivideByThousand.Multiplier);
        a.mul(edx);
        a.shr(edx, DivideByThousand.ShiftOfUpperHalf);
        a.mov(eax, Argument(a, 0));
        a.mov(__dword_ptr[eax], edi);
        a.mov(__dword_ptr[eax + 4], edx);
        a.Label(ref zone);
        a.mov(edx, Argument(a, 1));
        a.test(edx, edx);
        a.je(done);
        a.mov(eax, __dword_ptr[ebx + Page(_layout.Timezone, here)]);
        a.mov(ecx, __dword_ptr[ebx + Page(_layout.Timezone + 4, here)]);
        a.mov(__dword_ptr[edx], eax);
        a.mov(__dword_ptr[edx + 4], ecx);
        a.Label(ref done);
        a.xor(eax, eax);
        End(a);
        Fallback(a, real, Gettimeofday);
    }

    public void EmitTime(VdsoAssembler a)
    {
        Label done = a.CreateLabel();
        ulong here = Begin(a);
        a.mov(eax, __dword_ptr[ebx + Page(Of(ClockIds.Realtime).Seconds, here)]);
        a.mov(edx, Argument(a, 0));
        a.test(edx, edx);
        a.je(done);
        a.mov(__dword_ptr[edx], eax);
        a.Label(ref done);
        End(a);
    }

    public void EmitClockGetres(VdsoAssembler a)
    {
        Label fine = a.CreateLabel(), coarse = a.CreateLabel(), give = a.CreateLabel(), done = a.CreateLabel(), real = a.CreateLabel();
        ulong here = Begin(a);
        a.mov(ecx, Argument(a, 0));
        foreach (VvarClock clock in _layout.Clocks)
        {
            a.cmp(ecx, clock.Clock);
            a.je(clock.IsShifted ? fine : coarse);
        }

        a.jmp(real);
        a.Label(ref fine);
        a.mov(eax, __dword_ptr[ebx + Page(_layout.Resolution ?? throw new InvalidOperationException("This data page has no resolution."), here)]);
        a.jmp(give);
        a.Label(ref coarse);
        a.mov(eax, (int)Scheduler.NanosecondsPerTick);
        a.Label(ref give);
        a.mov(edx, Argument(a, 1));
        a.test(edx, edx);
        a.je(done);
        a.mov(__dword_ptr[edx], 0);
        a.mov(__dword_ptr[edx + 4], eax);
        a.Label(ref done);
        a.xor(eax, eax);
        End(a);
        Fallback(a, real, ClockGetres32);
    }

    public void EmitGetcpu(VdsoAssembler a) => GetcpuCode.Emit(a, knowsRdpid: true, (argument, skip) =>
    {
        a.mov(edx, Argument(a, argument));
        a.test(edx, edx);
        a.je(skip);
        return __dword_ptr[edx];
    });

    private void SelectIndexed(VdsoAssembler a, ulong here, int bases, Label real, Label give)
    {
        a.cmp(ecx, _layout.Clocks.Max(clock => clock.Clock));
        a.ja(real);
        a.mov(eax, 1);
        a.shl(eax, cl);
        foreach (IGrouping<(int Block, bool IsShifted), VvarClock> kind in _layout.Clocks.GroupBy(clock => (clock.Block, clock.IsShifted)))
        {
            Label next = a.CreateLabel();
            a.test(eax, kind.Sum(clock => 1 << clock.Clock));
            a.je(next);
            a.add(ebx, Page(kind.Key.Block, here));
            a.shl(ecx, 4);
            a.lea(ebp, __[ebx + ecx + bases]);
            Read(a, new VvarClock(0, 0, 8, kind.Key.IsShifted, 0), ebp, real);
            a.jmp(give);
            a.Label(ref next);
            a.nop();
        }
    }

    /// <summary>Reads a clock under its sequence number: seconds to ECX:EDI, nanoseconds to EAX. EBX is the clock's block.</summary>
    private void Read(VdsoAssembler a, VvarClock clock, AssemblerRegister32 fields, Label real)
    {
        Label retry = a.CreateLabel(), even = a.CreateLabel(), ahead = a.CreateLabel(), same = a.CreateLabel(), normalise = a.CreateLabel(),
            subtract = a.CreateLabel(), done = a.CreateLabel(), behind = a.CreateLabel();
        a.Label(ref retry);
        a.mov(esi, __dword_ptr[ebx + _layout.Sequence]);
        a.test(esi, 1);
        a.je(even);
        a.pause();
        a.jmp(retry);
        a.Label(ref even);
        if (clock.IsShifted)
        {
            a.cmp(__dword_ptr[ebx + _layout.ClockMode], VvarLayout.ByTsc);
            a.jne(real);
            a.ReadCounter(generation.Ordering);
            a.sub(eax, __dword_ptr[ebx + _layout.CycleLast]);
            a.sbb(edx, __dword_ptr[ebx + _layout.CycleLast + 4]);
            a.jb(behind);
            if (_layout.MaxCycles is { } longest)
            {
                a.cmp(edx, __dword_ptr[ebx + longest + 4]);
                a.jb(ahead);
                a.ja(behind);
                a.cmp(eax, __dword_ptr[ebx + longest]);
                a.jbe(ahead);
            }
            else
            {
                a.and(eax, __dword_ptr[ebx + _layout.Mask]);
                a.and(edx, __dword_ptr[ebx + _layout.Mask + 4]);
                a.jmp(ahead);
            }

            a.Label(ref behind);
            a.xor(eax, eax);
            a.xor(edx, edx);
            a.Label(ref ahead);
            a.mov(ecx, edx);
            a.imul(ecx, __dword_ptr[ebx + _layout.Mult]);
            a.mul(__dword_ptr[ebx + _layout.Mult]);
            a.add(edx, ecx);
            a.add(eax, __dword_ptr[fields + clock.Nanoseconds]);
            a.adc(edx, __dword_ptr[fields + clock.Nanoseconds + 4]);
            a.mov(ecx, __dword_ptr[ebx + _layout.Shift]);
            a.shrd(eax, edx, cl);
            a.shr(edx, cl);
        }
        else
        {
            a.mov(eax, __dword_ptr[fields + clock.Nanoseconds]);
            a.xor(edx, edx);
        }

        a.mov(edi, __dword_ptr[fields + clock.Seconds]);
        a.mov(ecx, __dword_ptr[fields + clock.Seconds + 4]);
        a.cmp(esi, __dword_ptr[ebx + _layout.Sequence]);
        a.jne(retry);
        if (!clock.IsShifted)
            return;
        a.Label(ref normalise);
        a.test(edx, edx);
        a.jne(subtract);
        a.cmp(eax, NanosecondsPerSecond);
        a.jb(done);
        a.Label(ref subtract);
        a.sub(eax, NanosecondsPerSecond);
        a.sbb(edx, 0);
        a.add(edi, 1);
        a.adc(ecx, 0);
        a.jmp(normalise);
        a.Label(ref done);
        a.nop();
    }

    /// <summary>Saves registers, and finds out where the code is.</summary>
    /// <returns>The address that EBX then holds, as the image has it.</returns>
    private static ulong Begin(VdsoAssembler a)
    {
        a.Push(ebp);
        a.Push(ebx);
        a.Push(esi);
        a.Push(edi);
        return a.CallNext(ebx);
    }

    private static void End(VdsoAssembler a)
    {
        a.Pop(edi);
        a.Pop(esi);
        a.Pop(ebx);
        a.Pop(ebp);
        a.ret();
    }

    private void Fallback(VdsoAssembler a, Label real, int number)
    {
        a.FrameIs(s_saved);
        a.Label(ref real);
        a.mov(ebx, __dword_ptr[esp + 4 * (s_saved.Length + 1)]);
        a.mov(ecx, __dword_ptr[esp + 4 * (s_saved.Length + 2)]);
        a.mov(eax, number);
        a.call(kernelVsyscall);
        End(a);
    }

    private static AssemblerMemoryOperand Argument(VdsoAssembler a, int number) => __dword_ptr[esp + a.Pushed + 4 * (number + 1)];

    private VvarClock Of(int clock) => _layout.Clocks.First(entry => entry.Clock == clock);

    /// <summary>From an address of the code to a place in the data page.</summary>
    private int Page(int offset, ulong here) => (int)(offset - _layout.Pages * (long)KernelLayout.PageSize - (long)here);
}
