using Iced.Intel;
using SyscallExplorer.Linux;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Tests;

/// <summary>Programs to observe.</summary>
internal static class PipePrograms
{
    private const long Data = (long)UserSpace.Data64;

    public const int Messages = 3;

    /// <summary>A parent that sends a child messages through a pipe, and waits for it; the child passes them on to standard output.</summary>
    public static ProgramRequest TwoProcesses() => ProgramRequest.Assemble(a =>
    {
        Label child = a.CreateLabel(), message = a.CreateLabel(), again = a.CreateLabel(), done = a.CreateLabel();
        a.mov(rdi, Data);
        Call(a, 22);
        Call(a, 57);
        a.test(eax, eax);
        a.je(child);

        a.mov(ebx, Messages);
        a.Label(ref message);
        LoadEnd(a, 4);
        a.mov(rsi, Data + 64);
        a.mov(rax, 0x0A65676173736562ul);
        a.mov(__qword_ptr[rsi], rax);
        a.mov(edx, 8);
        Call(a, 1);
        a.dec(ebx);
        a.jne(message);
        LoadEnd(a, 4);
        Call(a, 3);
        a.mov(edi, -1);
        a.xor(esi, esi);
        a.xor(edx, edx);
        a.xor(r10d, r10d);
        Call(a, 61);
        a.xor(edi, edi);
        Call(a, 231);

        a.Label(ref child);
        LoadEnd(a, 4);
        Call(a, 3);
        a.Label(ref again);
        LoadEnd(a, 0);
        a.mov(rsi, Data + 128);
        a.mov(edx, 64);
        Call(a, 0);
        a.test(eax, eax);
        a.jle(done);
        a.mov(edx, eax);
        a.mov(edi, 1);
        a.mov(rsi, Data + 128);
        Call(a, 1);
        a.jmp(again);
        a.Label(ref done);
        a.mov(edi, 7);
        Call(a, 231);
    });

    /// <summary>Sleeps for a millisecond, asks for two calls that fail, and ends.</summary>
    public static ProgramRequest Sleeper() => ProgramRequest.Assemble(a =>
    {
        a.mov(rdi, Data);
        a.mov(eax, 1_000_000);
        a.mov(__qword_ptr[rdi + 8], rax);
        a.xor(esi, esi);
        Call(a, 35);
        a.mov(edi, 99);
        Call(a, 3);
        Call(a, 9999);
        a.mov(edi, 1);
        Call(a, 231);
    });

    /// <summary>Writes /proc/self/maps to standard output.</summary>
    public static ProgramRequest MapsReader() => ProgramRequest.Assemble(a =>
    {
        Label name = a.CreateLabel();
        a.lea(rdi, __[name]);
        a.xor(esi, esi);
        a.xor(edx, edx);
        Call(a, 2);
        a.mov(edi, eax);
        a.mov(rsi, Data);
        a.mov(edx, 4096);
        Call(a, 0);
        a.mov(edx, eax);
        a.mov(edi, 1);
        a.mov(rsi, Data);
        Call(a, 1);
        a.xor(edi, edi);
        Call(a, 231);
        a.Label(ref name);
        a.db("/proc/self/maps\0"u8.ToArray());
    });

    /// <summary>Two calls by int 80h in a 32-bit program.</summary>
    public static ProgramRequest OldWays() => ProgramRequest.Assemble(a =>
    {
        a.mov(eax, 20);
        a.@int(unchecked((sbyte)0x80));
        a.mov(eax, 1);
        a.xor(ebx, ebx);
        a.@int(unchecked((sbyte)0x80));
    }, 32);

    /// <summary>An ELF file that ends with a status, the number of its arguments and environment strings together.</summary>
    public static byte[] CountingFile() => ElfImage.Program(a =>
    {
        Label next = a.CreateLabel(), end = a.CreateLabel();
        a.mov(rbx, __qword_ptr[rsp]);
        a.lea(rsi, __[rsp + rbx * 8 + 16]);
        a.Label(ref next);
        a.cmp(__qword_ptr[rsi], 0);
        a.je(end);
        a.inc(ebx);
        a.add(rsi, 8);
        a.jmp(next);
        a.Label(ref end);
        a.mov(edi, ebx);
        Call(a, 231);
    }).ToBytes();

    private static void LoadEnd(Assembler a, int offset)
    {
        a.mov(rcx, Data);
        a.mov(edi, __dword_ptr[rcx + offset]);
    }

    private static void Call(Assembler a, int number)
    {
        a.mov(eax, number);
        a.syscall();
    }
}
