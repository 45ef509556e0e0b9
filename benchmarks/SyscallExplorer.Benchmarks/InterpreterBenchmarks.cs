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

    [GlobalSetup]
    public void Boot()
    {
        LinuxMachine booted = LinuxMachine.Boot(Kernels.Linux_5_13, Cpus.Skylake, KernelOptions.None);
        _registers = Load(booted, RegisterLoop);
        _memory = Load(booted, MemoryLoop);
        _systemCalls = Load(booted, SystemCallLoop);
    }

    [Benchmark(OperationsPerInvoke = Instructions)]
    public RunResult Registers() => _registers.Run(RunLimits.Instructions(Instructions));

    [Benchmark(OperationsPerInvoke = Instructions)]
    public RunResult Memory() => _memory.Run(RunLimits.Instructions(Instructions));

    [Benchmark(OperationsPerInvoke = Instructions)]
    public RunResult SystemCalls() => _systemCalls.Run(RunLimits.Instructions(Instructions));

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
