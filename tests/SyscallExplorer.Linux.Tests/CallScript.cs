using System.Text;
using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>An argument of a call: a number, or the result of a call before.</summary>
internal readonly record struct Argument(ulong Value, int ResultOf = -1)
{
    public static implicit operator Argument(ulong value) => new(value);

    public static implicit operator Argument(long value) => new((ulong)value);

    public static implicit operator Argument(uint value) => new(value);

    public static implicit operator Argument(int value) => new((ulong)(long)value);

    public static Argument operator +(Argument address, ulong offset) => new(address.Value + offset, address.ResultOf);

    public static Argument Result(int call) => new(0, call);
}

/// <summary>A program that makes one system call after the other and keeps their results; it then exits with status 0.</summary>
internal sealed class CallScript(int bitness)
{
    private const ulong ResultsOffset = 0xF000;
    private static readonly AssemblerRegister64[] Registers64 = [rdi, rsi, rdx, r10, r8, r9];
    private static readonly AssemblerRegister32[] Registers32 = [ebx, ecx, edx, esi, edi, ebp];
    private readonly List<Action<Assembler>> _steps = [];
    private readonly List<(ulong Address, byte[] Bytes)> _data = [];
    private readonly List<(string Path, string Text)> _files = [];
    private int _calls;

    public ulong Data => bitness == 64 ? UserSpace.Data64 : UserSpace.Data32;

    private ulong Results => Data + ResultsOffset;

    /// <summary>Puts bytes into the program's data before it starts.</summary>
    public CallScript Holding(ulong offset, string text) => Holding(offset, Encoding.UTF8.GetBytes(text));

    public CallScript Holding(ulong offset, byte[] bytes)
    {
        _data.Add((Data + offset, bytes));
        return this;
    }

    public CallScript WithFile(string path, string text)
    {
        _files.Add((path, text));
        return this;
    }

    public CallScript Then(Action<Assembler> code)
    {
        _steps.Add(code);
        return this;
    }

    public CallScript Call(int number, params Argument[] arguments)
    {
        int index = _calls++;
        _steps.Add(a => Emit(a, index, number, arguments));
        return this;
    }

    public CallRun Run(string input = "", CpuModel? cpu = null, string commandLine = "", int limit = 400_000) =>
        Finish(Load(input, cpu, commandLine), limit);

    /// <summary>A machine with the program, before it starts.</summary>
    public LinuxMachine Load(string input = "", CpuModel? cpu = null, string commandLine = "") => Guest.Load(Write, bitness, cpu, commandLine, input);

    /// <summary>The program, for a machine of the test's own.</summary>
    public UserProgram Assemble() => UserProgram.Assemble(Write, bitness);

    /// <summary>Runs the program of a machine to its end.</summary>
    public CallRun Finish(LinuxMachine machine, int limit = 400_000)
    {
        foreach ((string path, string text) in _files)
            machine.WriteFile(path, Encoding.UTF8.GetBytes(text));
        foreach ((ulong address, byte[] bytes) in _data)
            Assert.True(machine.Memory.TryWrite(address, bytes));
        RunResult result = machine.Run(RunLimits.Instructions(limit));
        Assert.True(machine.IsOver, result.Message);
        return new CallRun(machine, bitness, Data, Results);
    }

    private void Write(Assembler a)
    {
        foreach (Action<Assembler> step in _steps)
            step(a);
        if (bitness == 64)
        {
            a.xor(edi, edi);
            a.mov(eax, 231);
            a.syscall();
        }
        else
        {
            a.xor(ebx, ebx);
            a.mov(eax, 252);
            SystemCallPathTests.Int80(a);
        }
    }

    private void Emit(Assembler a, int index, int number, Argument[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            ulong source = Results + (ulong)arguments[i].ResultOf * 8;
            bool isResult = arguments[i].ResultOf >= 0;
            if (bitness == 64 && isResult)
                a.mov(Registers64[i], __qword_ptr[source]);
            else if (bitness == 64)
                a.mov(Registers64[i], arguments[i].Value);
            else if (isResult)
                a.mov(Registers32[i], __dword_ptr[source]);
            else
                a.mov(Registers32[i], (uint)arguments[i].Value);
        }

        a.mov(eax, number);
        if (bitness == 64)
        {
            a.syscall();
            a.mov(__qword_ptr[Results + (ulong)index * 8], rax);
        }
        else
        {
            SystemCallPathTests.Int80(a);
            a.mov(__dword_ptr[Results + (ulong)index * 8], eax);
        }
    }
}

/// <summary>What the calls of a script returned.</summary>
internal sealed record CallRun(LinuxMachine Machine, int Bitness, ulong Data, ulong Results)
{
    public long this[int call] => Bitness == 64
        ? BitConverter.ToInt64(At(Results + (ulong)call * 8, 8))
        : BitConverter.ToInt32(At(Results + (ulong)call * 8, 4));

    public byte[] Bytes(ulong offset, int count) => At(Data + offset, count);

    public string Text(ulong offset, int count) => Encoding.UTF8.GetString(Bytes(offset, count));

    public long Word(ulong offset) => BitConverter.ToInt64(Bytes(offset, 8));

    public int Dword(ulong offset) => BitConverter.ToInt32(Bytes(offset, 4));

    public byte[] At(ulong address, int count)
    {
        byte[] bytes = new byte[count];
        Assert.True(Machine.Memory.TryRead(address, bytes));
        return bytes;
    }
}
