using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>How long a child measures.</summary>
/// <param name="Rounds">Most rounds, 1 to <see cref="ChildLayout.MaxRounds"/>.</param>
/// <param name="BudgetTicks">Ticks of the time-stamp counter after which no further round begins.</param>
/// <param name="Cpu">The CPU to stay on; null for the first that is allowed.</param>
/// <param name="Seconds">When the kernel ends the child, should nobody else do it.</param>
internal sealed record ChildPlan(int Rounds, ulong BudgetTicks, int? Cpu, int Seconds);

/// <summary>
/// Writes the programs that measure. 32-bit registers, the base of the data in EBP and two halves for each time make one text serve both word sizes; only where
/// the kernel is entered, and where it left words on the stack, do they differ.
/// </summary>
internal sealed class ChildAssembler(int bitness) : Assembler(bitness)
{
    /// <summary>Additions in the chain of known length: one cycle each, since each waits for the one before.</summary>
    public const int ChainLength = 500 * ChainLoops;

    /// <summary>Rounds that are not written down: they fill caches, predictors and translations.</summary>
    private const int WarmUpRounds = 5;

    private const int FewestRounds = 10;
    private const int ChainLoops = 40;
    private const int SetDumpable = 4;

    private bool Is64 => Bitness == 64;

    /// <summary>The counter of a loop: a register that the kernel, the vDSO and CPUID keep.</summary>
    public AssemblerRegister32 LoopCounter => Is64 ? r12d : esi;

    public AssemblerMemoryOperand At(int offset) => __dword_ptr[ebp + offset];

    /// <summary>The file of the program.</summary>
    public byte[] Finish(params ZeroSegment[] more)
    {
        using var stream = new MemoryStream();
        Assemble(new StreamCodeWriter(stream), ChildLayout.Code);
        return ElfProgramWriter.Write(Bitness, stream.ToArray(), ChildLayout.Code, [new ZeroSegment(ChildLayout.Data, ChildLayout.DataSize), .. more]);
    }

    /// <summary>A program that measures a subject: rounds of the chain, the loop without the subject, and the loop with it.</summary>
    public void Measure(ChildPlan plan, Action<ChildAssembler> once, Action<ChildAssembler> control, Action<ChildAssembler> subject)
    {
        Start(plan);
        once(this);
        mov(At(ChildLayout.WarmUpAt), WarmUpRounds);
        Label round = CreateLabel(), warm = CreateLabel(), go = CreateLabel(), end = CreateLabel();
        Label(ref round);
        Timed(ChildLayout.ChainSeries, a => a.Chain());
        Timed(ChildLayout.ControlSeries, control);
        Timed(ChildLayout.SubjectSeries, subject);

        ReadClock();
        cmp(At(ChildLayout.WarmUpAt), 0);
        jne(warm);
        inc(At(ChildLayout.RoundsAt));
        cmp(At(ChildLayout.RoundsAt), plan.Rounds);
        jae(end);
        sub(eax, At(ChildLayout.DeadlineAt));
        sbb(edx, At(ChildLayout.DeadlineAt + 4));
        jb(go);
        cmp(At(ChildLayout.RoundsAt), Math.Min(FewestRounds, plan.Rounds));
        jb(go);
        jmp(end);

        Label(ref warm);
        dec(At(ChildLayout.WarmUpAt));
        add(eax, unchecked((int)plan.BudgetTicks));
        adc(edx, unchecked((int)(plan.BudgetTicks >> 32)));
        mov(At(ChildLayout.DeadlineAt), eax);
        mov(At(ChildLayout.DeadlineAt + 4), edx);
        Label(ref go);
        jmp(round);

        Label(ref end);
        WriteAndExit();
    }

    /// <summary>What every child does first: it limits its life, leaves no core file, finds a word of the kernel's, and stays on one CPU.</summary>
    public void Start(ChildPlan plan)
    {
        FindAuxiliary(Is64 ? AuxiliaryVector.VdsoImage : AuxiliaryVector.VsyscallEntry);
        mov(At(ChildLayout.MagicAt), unchecked((int)ChildLayout.Magic));
        mov(At(ChildLayout.MagicAt + 4), unchecked((int)(ChildLayout.Magic >> 32)));
        Call("alarm", plan.Seconds);
        Call("prctl", SetDumpable, 0);
        StayOnOneCpu(plan.Cpu);
    }

    /// <summary>Enters the kernel by the way that every host has for this word size; the arguments are numbers or addresses of data.</summary>
    public void Call(string name, params int[] arguments)
    {
        AssemblerRegister32[] registers = Is64 ? [edi, esi, edx, r10d] : [ebx, ecx, edx, esi];
        for (int i = 0; i < arguments.Length; i++)
            mov(registers[i], arguments[i]);
        mov(eax, HostCalls.NumberOf(name, Bitness));
        EnterKernel();
    }

    public void EnterKernel()
    {
        if (Is64)
            syscall();
        else
            Int80();
    }

    public void Int80() => @int(unchecked((sbyte)0x80));

    /// <summary>Reads the clock after all before it has ended, and before anything behind it begins. SDM vol. 2B, RDTSC.</summary>
    public void ReadClock()
    {
        lfence();
        rdtsc();
        lfence();
    }

    /// <summary>A loop that does something a number of times; with nothing to do it is what the loop itself costs.</summary>
    public void Loop(int times, Action<ChildAssembler> body)
    {
        Label again = CreateLabel();
        mov(LoopCounter, times);
        Label(ref again);
        body(this);
        dec(LoopCounter);
        jne(again);
    }

    /// <summary>Writes the output and ends.</summary>
    public void WriteAndExit()
    {
        Call("write", 1, (int)ChildLayout.Data, ChildLayout.OutputSize);
        Call("exit_group", 0);
        hlt();
    }

    private void Chain()
    {
        Label again = CreateLabel();
        mov(LoopCounter, ChainLoops);
        mov(ecx, 1);
        Label(ref again);
        for (int i = 0; i < ChainLength / ChainLoops; i++)
            add(eax, ecx);
        dec(LoopCounter);
        jne(again);
    }

    private void Timed(int series, Action<ChildAssembler> work)
    {
        ReadClock();
        mov(At(ChildLayout.StartAt), eax);
        mov(At(ChildLayout.StartAt + 4), edx);
        work(this);
        if (series == ChildLayout.SubjectSeries)
            KeepResult();
        ReadClock();
        sub(eax, At(ChildLayout.StartAt));
        sbb(edx, At(ChildLayout.StartAt + 4));
        mov(ecx, At(ChildLayout.RoundsAt));
        mov(__dword_ptr[ebp + (ecx * 8) + SeriesAt(series)], eax);
        mov(__dword_ptr[ebp + (ecx * 8) + (SeriesAt(series) + 4)], edx);
    }

    private void KeepResult()
    {
        if (Is64)
        {
            mov(__qword_ptr[rbp + ChildLayout.ResultAt], rax);
            return;
        }

        mov(At(ChildLayout.ResultAt), eax);
        mov(ecx, eax);
        sar(ecx, 31);
        mov(At(ChildLayout.ResultAt + 4), ecx);
    }

    /// <summary>On a new program's stack stand the number of arguments, those, a zero, the environment, a zero, and pairs of a kind and a value.</summary>
    private void FindAuxiliary(int kind)
    {
        Label environment = CreateLabel(), pairs = CreateLabel(), found = CreateLabel(), end = CreateLabel();
        int word = Is64 ? 8 : 4;
        mov(ebp, ChildLayout.Data);
        if (Is64)
        {
            mov(rcx, __qword_ptr[rsp]);
            lea(rax, __[rsp + (rcx * 8) + (2 * word)]);
            Label(ref environment);
            add(rax, word);
            cmp(__qword_ptr[rax - word], 0);
            jne(environment);
            Label(ref pairs);
            mov(rcx, __qword_ptr[rax]);
            test(rcx, rcx);
            je(end);
            cmp(rcx, kind);
            je(found);
            add(rax, 2 * word);
            jmp(pairs);
            Label(ref found);
            mov(rax, __qword_ptr[rax + word]);
            mov(__qword_ptr[rbp + ChildLayout.AuxiliaryAt], rax);
        }
        else
        {
            mov(ecx, __dword_ptr[esp]);
            lea(eax, __[esp + (ecx * 4) + (2 * word)]);
            Label(ref environment);
            add(eax, word);
            cmp(__dword_ptr[eax - word], 0);
            jne(environment);
            Label(ref pairs);
            mov(ecx, __dword_ptr[eax]);
            test(ecx, ecx);
            je(end);
            cmp(ecx, kind);
            je(found);
            add(eax, 2 * word);
            jmp(pairs);
            Label(ref found);
            mov(eax, __dword_ptr[eax + word]);
            mov(At(ChildLayout.AuxiliaryAt), eax);
        }

        Label(ref end);
        nop();
    }

    /// <summary>Writes down which CPU it is, and what the kernel said to staying there. A refusal is no reason not to measure.</summary>
    private void StayOnOneCpu(int? cpu)
    {
        const int set = (int)ChildLayout.Data + ChildLayout.CpuSetAt;
        Label next = CreateLabel(), found = CreateLabel(), clear = CreateLabel();
        if (cpu is { } wanted)
        {
            mov(ebx, wanted);
        }
        else
        {
            Call("sched_getaffinity", 0, ChildLayout.CpuSetSize, set);
            xor(ebx, ebx);
            Label(ref next);
            bt(At(ChildLayout.CpuSetAt), ebx);
            jc(found);
            inc(ebx);
            cmp(ebx, ChildLayout.CpuSetSize * 8);
            jb(next);
            xor(ebx, ebx);
            Label(ref found);
            xor(ecx, ecx);
            Label(ref clear);
            mov(__dword_ptr[ebp + (ecx * 4) + ChildLayout.CpuSetAt], 0);
            inc(ecx);
            cmp(ecx, ChildLayout.CpuSetSize / 4);
            jb(clear);
        }

        mov(At(ChildLayout.CpuAt), ebx);
        bts(At(ChildLayout.CpuSetAt), ebx);
        Call("sched_setaffinity", 0, ChildLayout.CpuSetSize, set);
        mov(At(ChildLayout.PinningAt), eax);
    }

    private static int SeriesAt(int series) => ChildLayout.SeriesAt + (series * ChildLayout.SeriesSize);
}

/// <summary>Kinds of words that the kernel gives a new program. System V ABI, and the kernel's own for x86.</summary>
internal static class AuxiliaryVector
{
    /// <summary>AT_SYSINFO: __kernel_vsyscall, for 32-bit programs.</summary>
    public const int VsyscallEntry = 32;

    /// <summary>AT_SYSINFO_EHDR: where the vDSO begins.</summary>
    public const int VdsoImage = 33;
}
