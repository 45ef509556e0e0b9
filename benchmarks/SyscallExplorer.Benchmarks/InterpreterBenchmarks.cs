using BenchmarkDotNet.Attributes;
using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Benchmarks;

/// <summary>The interpreter on guest programs. One operation is one guest instruction: the inverse of the mean is instructions a second.</summary>
public class InterpreterBenchmarks
{
    private const int Instructions = 1_000_000;
    private LinuxMachine _registers = null!;
    private LinuxMachine _memory = null!;
    private LinuxMachine _systemCalls = null!;
    private LinuxMachine _program64 = null!;
    private LinuxMachine _program32 = null!;

    [GlobalSetup]
    public void Boot()
    {
        LinuxMachine booted = LinuxMachine.Boot(Kernels.Linux_5_13, Cpus.Skylake, KernelOptions.None);
        _registers = Load(booted, RegisterLoop);
        _memory = Load(booted, MemoryLoop);
        _systemCalls = Load(booted, SystemCallLoop);
        _program64 = LoadElf(booted, 64);
        _program32 = LoadElf(booted, 32);
    }

    [Benchmark(OperationsPerInvoke = Instructions)]
    public RunResult Registers() => _registers.Run(RunLimits.Instructions(Instructions));

    [Benchmark(OperationsPerInvoke = Instructions)]
    public RunResult Memory() => _memory.Run(RunLimits.Instructions(Instructions));

    [Benchmark(OperationsPerInvoke = Instructions)]
    public RunResult SystemCalls() => _systemCalls.Run(RunLimits.Instructions(Instructions));

    [Benchmark(OperationsPerInvoke = Instructions)]
    public RunResult Program64() => _program64.Run(RunLimits.Instructions(Instructions));

    [Benchmark(OperationsPerInvoke = Instructions)]
    public RunResult Program32() => _program32.Run(RunLimits.Instructions(Instructions));

    private static LinuxMachine LoadElf(LinuxMachine booted, int bitness)
    {
        LinuxMachine machine = booted.Fork();
        machine.Load(new ElfProgram(ElfFile.Parse(ElfImage.Program(SieveLoop, bitness).ToBytes()), "sieve"));
        return machine;
    }

    /// <summary>
    /// What integer programs do: calls, a frame, bytes of a table in a loop within a loop, and branches that depend on them. The code is the
    /// same in both word sizes.
    /// </summary>
    private static void SieveLoop(Assembler a)
    {
        const int limit = 8000;
        Label again = a.CreateLabel(), clear = a.CreateLabel(), next = a.CreateLabel(), strike = a.CreateLabel(), skip = a.CreateLabel(), sieve = a.CreateLabel();
        bool is64 = a.Bitness == 64;
        AssemblerMemoryOperand Flag(AssemblerRegister64 wide, AssemblerRegister32 narrow) =>
            is64 ? __byte_ptr[rsi + wide] : __byte_ptr[esi + narrow];
        a.Label(ref again);
        a.call(sieve);
        a.jmp(again);

        a.Label(ref sieve);
        if (is64)
        {
            a.push(rbp);
            a.mov(rbp, rsp);
            a.lea(rsi, __[rsp - 2 * limit]);
        }
        else
        {
            a.push(ebp);
            a.mov(ebp, esp);
            a.lea(esi, __[esp - 2 * limit]);
        }

        a.xor(ecx, ecx);
        a.Label(ref clear);
        a.mov(Flag(rcx, ecx), 0);
        a.inc(ecx);
        a.cmp(ecx, limit);
        a.jb(clear);
        a.mov(ecx, 2);
        a.Label(ref next);
        a.cmp(Flag(rcx, ecx), 0);
        a.jne(skip);
        a.add(eax, ecx);
        a.lea(edx, is64 ? __[rcx + rcx] : __[ecx + ecx]);
        a.cmp(edx, limit);
        a.jae(skip);
        a.Label(ref strike);
        a.mov(Flag(rdx, edx), 1);
        a.add(edx, ecx);
        a.cmp(edx, limit);
        a.jb(strike);
        a.Label(ref skip);
        a.inc(ecx);
        a.cmp(ecx, limit);
        a.jb(next);
        a.leave();
        a.ret();
    }

    private static LinuxMachine Load(LinuxMachine booted, Action<Assembler> program)
    {
        LinuxMachine machine = booted.Fork();
        machine.Load(UserProgram.Assemble(program));
        return machine;
    }

    private static void RegisterLoop(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.mov(eax, 0x12345);
        a.Label(ref loop);
        a.mov(ecx, eax);
        a.shl(ecx, 13);
        a.xor(eax, ecx);
        a.mov(ecx, eax);
        a.shr(ecx, 17);
        a.xor(eax, ecx);
        a.mov(ecx, eax);
        a.shl(ecx, 5);
        a.xor(eax, ecx);
        a.add(ebx, eax);
        a.lea(edx, __[rbx + rax * 2 + 7]);
        a.test(edx, edx);
        a.jne(loop);
        a.jmp(loop);
    }

    private static void MemoryLoop(Assembler a)
    {
        const int mask = 0x7FF8;
        Label loop = a.CreateLabel();
        a.mov(rsi, UserSpace.Data64);
        a.Label(ref loop);
        a.add(ecx, 8);
        a.and(ecx, mask);
        a.mov(rax, __qword_ptr[rsi + rcx]);
        a.add(rax, rcx);
        a.mov(__qword_ptr[rsi + rcx], rax);
        a.add(__dword_ptr[rsi + rcx + 4], 3);
        a.cmp(eax, __dword_ptr[rsi]);
        a.jmp(loop);
    }

    private static void SystemCallLoop(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.Label(ref loop);
        a.mov(eax, 39);
        a.syscall();
        a.jmp(loop);
    }
}
