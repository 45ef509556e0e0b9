using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Silicon;

/// <summary>
/// The worker: a Linux program without a library that runs snippets natively and writes down what they ended with. It waits for a byte on its
/// standard input, runs all cases of the shared memory, and answers with a byte. Snippets may leave any registers, stack pointer and flags
/// behind and may raise any exception: signals come on a stack of their own, and their handler goes on with the next case.
/// </summary>
internal static partial class WorkerProgram
{
    private const int SysRead = 0;
    private const int SysWrite = 1;
    private const int SysOpen = 2;
    private const int SysMmap = 9;
    private const int SysMprotect = 10;
    private const int SysRtSigaction = 13;
    private const int SysRtSigreturn = 15;
    private const int SysSetitimer = 38;
    private const int SysExit = 60;
    private const int SysModifyLdt = 154;
    private const int SysSigaltstack = 131;
    private const int ProtRead = 1;
    private const int ProtWrite = 2;
    private const int ProtExec = 4;
    private const int MapShared = 0x01;
    private const int MapFixedPrivateAnonymous = 0x32;
    private const int MapFixed = 0x10;
    private const uint SaFlags = 0x0000_0004 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x4000_0000;
    private const int SigVtAlrm = 26;
    private const int ItimerVirtual = 1;
    private const int TickMicroseconds = 100_000;

    /// <summary>The signals that exceptions become: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV; and the clock of processor time that ends endless snippets.</summary>
    private static readonly int[] Signals = [4, 5, 7, 8, 11, SigVtAlrm];

    // Offsets from WorkerLayout.Variables.
    private const int CurrentInput = 0;
    private const int CurrentOutput = 8;
    private const int Remaining = 16;
    private const int Sequence = 24;
    private const int SequenceAtTick = 32;
    private const int InSnippet = 40;
    private const int SavedRax = 48;
    private const int FarTarget = 64;
    private const int Finish = 80;
    private const int Scratch = 128;

    /// <summary>Exit codes by which the worker says why it could not start.</summary>
    public const int CannotOpen = 10;

    /// <summary>A mapping failed.</summary>
    public const int CannotMap = 11;

    /// <summary>An exception in the worker itself.</summary>
    public const int OwnFault = 12;

    private const ulong Shared = WorkerLayout.Shared;

    private static readonly AssemblerRegister64[] GeneralRegisters = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    /// <summary>The ELF file.</summary>
    public static byte[] Build()
    {
        var gate = new Assembler(64);
        EmitGate(gate);
        var program = new Assembler(64);
        EmitProgram(program, Assemble(gate, WorkerLayout.Gate));
        return ElfImage.Build(
            Assemble(program, WorkerLayout.Program), WorkerLayout.Program, WorkerLayout.Variables,
            WorkerLayout.SignalStack + WorkerLayout.SignalStackSize - WorkerLayout.Variables);
    }

    private static byte[] Assemble(Assembler assembler, ulong address)
    {
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }

    private static void EmitProgram(Assembler a, byte[] gateCode)
    {
        Label wait = a.CreateLabel(), next = a.CreateLabel(), done = a.CreateLabel();
        Label finish = a.CreateLabel(), handler = a.CreateLabel(), restorer = a.CreateLabel(), gate = a.CreateLabel();
        Label cannotOpen = a.CreateLabel(), cannotMap = a.CreateLabel(), ownFault = a.CreateLabel(), quit = a.CreateLabel(), exit = a.CreateLabel();

        // argv[1] is the shared file.
        a.mov(rdi, __[rsp + 16]);
        a.mov(rsp, WorkerLayout.StackTop);
        a.mov(esi, 2);
        a.xor(edx, edx);
        a.mov(eax, SysOpen);
        a.syscall();
        a.test(eax, eax);
        a.js(cannotOpen);
        a.mov(r8d, eax);
        Map(a, Shared, WorkerLayout.SharedSize, ProtRead | ProtWrite, MapShared | MapFixed, cannotMap);
        a.mov(r8, -1);
        Map(a, WorkerLayout.Data, WorkerLayout.DataSize, ProtRead | ProtWrite, MapFixedPrivateAnonymous, cannotMap);
        Map(a, WorkerLayout.Code, WorkerLayout.CodeSize, ProtRead | ProtWrite, MapFixedPrivateAnonymous, cannotMap);
        Map(a, WorkerLayout.Gate, 0x1000, ProtRead | ProtWrite, MapFixedPrivateAnonymous, cannotMap);
        a.lea(rsi, __[gate]);
        a.mov(rdi, WorkerLayout.Gate);
        a.mov(ecx, gateCode.Length);
        a.rep.movsb();
        Protect(a, WorkerLayout.Gate, 0x1000, ProtRead | ProtExec, cannotMap);

        a.mov(rbp, WorkerLayout.Variables);
        a.lea(rax, __[finish]);
        a.mov(__[rbp + Finish], rax);
        EmitSignals(a, handler, restorer);
        EmitSegments(a, cannotMap);

        a.Label(ref wait);
        a.mov(rsp, WorkerLayout.StackTop);
        a.mov(rbp, WorkerLayout.Variables);
        a.xor(edi, edi);
        a.lea(rsi, __[rbp + Scratch]);
        a.mov(edx, 1);
        a.mov(eax, SysRead);
        a.syscall();
        a.test(rax, rax);
        a.je(quit);
        a.js(wait);

        // The code may be data for snippets, but never writable ones.
        Protect(a, WorkerLayout.Code, WorkerLayout.CodeSize, ProtRead | ProtWrite, cannotMap);
        Copy(a, Shared + WorkerLayout.CodeOffset, WorkerLayout.Code, WorkerLayout.CodeSize);
        Protect(a, WorkerLayout.Code, WorkerLayout.CodeSize, ProtRead | ProtExec, cannotMap);
        Copy(a, Shared + WorkerLayout.DataOffset, WorkerLayout.Data, WorkerLayout.DataSize);
        a.mov(rbp, WorkerLayout.Variables);
        a.mov(rax, Shared + WorkerLayout.CountOffset);
        a.mov(rax, __[rax]);
        a.mov(__[rbp + Remaining], rax);
        a.mov(rax, Shared + WorkerLayout.InputsOffset);
        a.mov(__[rbp + CurrentInput], rax);
        a.mov(rax, Shared + WorkerLayout.OutputsOffset);
        a.mov(__[rbp + CurrentOutput], rax);

        a.Label(ref next);
        a.mov(rbp, WorkerLayout.Variables);
        a.sub(__qword_ptr[rbp + Remaining], 1);
        a.jb(done);
        EmitEntry(a);

        a.Label(ref done);
        a.mov(rbp, WorkerLayout.Variables);
        a.mov(edi, 1);
        a.lea(rsi, __[rbp + Scratch]);
        a.mov(edx, 1);
        a.mov(eax, SysWrite);
        a.syscall();
        a.jmp(wait);

        a.Label(ref finish);
        EmitFinish(a, next);

        a.Label(ref handler);
        EmitHandler(a, finish, ownFault);

        a.Label(ref restorer);
        a.mov(eax, SysRtSigreturn);
        a.syscall();

        a.Label(ref cannotOpen);
        a.mov(edi, CannotOpen);
        a.jmp(exit);
        a.Label(ref cannotMap);
        a.mov(edi, CannotMap);
        a.jmp(exit);
        a.Label(ref ownFault);
        a.mov(edi, OwnFault);
        a.jmp(exit);
        a.Label(ref quit);
        a.xor(edi, edi);
        a.Label(ref exit);
        a.mov(eax, SysExit);
        a.syscall();

        a.Label(ref gate);
        a.db(gateCode);
    }

    private static void Map(Assembler a, ulong address, long size, int rights, int flags, Label failure)
    {
        a.mov(rdi, address);
        a.mov(esi, (uint)size);
        a.mov(edx, rights);
        a.mov(r10d, flags);
        a.xor(r9d, r9d);
        a.mov(eax, SysMmap);
        a.syscall();
        a.cmp(rax, rdi);
        a.jne(failure);
    }

    private static void Protect(Assembler a, ulong address, int size, int rights, Label failure)
    {
        a.mov(rdi, address);
        a.mov(esi, size);
        a.mov(edx, rights);
        a.mov(eax, SysMprotect);
        a.syscall();
        a.test(eax, eax);
        a.jne(failure);
    }

    private static void Copy(Assembler a, ulong from, ulong to, int size)
    {
        a.mov(rsi, from);
        a.mov(rdi, to);
        a.mov(ecx, size / 8);
        a.rep.movsq();
    }

    /// <summary>A 16-bit code segment that begins at the code, and a data segment that begins at the data, in the LDT (struct user_desc, function 11h).</summary>
    private static void EmitSegments(Assembler a, Label failure)
    {
        const uint codeContents = 2 << 1, limitInPages = 1 << 4, bigData = 1;
        foreach ((uint entry, ulong address, uint flags) in (ReadOnlySpan<(uint, ulong, uint)>)
            [(0, WorkerLayout.Code, codeContents | limitInPages), (1, WorkerLayout.Data, bigData | limitInPages)])
        {
            a.mov(__dword_ptr[rbp + Scratch], entry);
            a.mov(__dword_ptr[rbp + Scratch + 4], (uint)address);
            a.mov(__dword_ptr[rbp + Scratch + 8], 0xF_FFFF);
            a.mov(__dword_ptr[rbp + Scratch + 12], flags);
            a.mov(edi, 0x11);
            a.lea(rsi, __[rbp + Scratch]);
            a.mov(edx, 16);
            a.mov(eax, SysModifyLdt);
            a.syscall();
            a.test(eax, eax);
            a.jne(failure);
        }
    }

    private static void EmitSignals(Assembler a, Label handler, Label restorer)
    {
        a.mov(rax, WorkerLayout.SignalStack);
        a.mov(__[rbp + Scratch], rax);
        a.mov(__qword_ptr[rbp + Scratch + 8], 0);
        a.mov(__qword_ptr[rbp + Scratch + 16], (int)WorkerLayout.SignalStackSize);
        a.lea(rdi, __[rbp + Scratch]);
        a.xor(esi, esi);
        a.mov(eax, SysSigaltstack);
        a.syscall();

        a.lea(rax, __[handler]);
        a.mov(__[rbp + Scratch], rax);
        a.mov(eax, SaFlags);
        a.mov(__[rbp + Scratch + 8], rax);
        a.lea(rax, __[restorer]);
        a.mov(__[rbp + Scratch + 16], rax);
        a.mov(__qword_ptr[rbp + Scratch + 24], 0);
        foreach (int signal in Signals)
        {
            a.mov(edi, signal);
            a.lea(rsi, __[rbp + Scratch]);
            a.xor(edx, edx);
            a.mov(r10d, 8);
            a.mov(eax, SysRtSigaction);
            a.syscall();
        }

        foreach (int word in (ReadOnlySpan<int>)[0, 16])
        {
            a.mov(__qword_ptr[rbp + Scratch + word], 0);
            a.mov(__qword_ptr[rbp + Scratch + word + 8], TickMicroseconds);
        }

        a.mov(edi, ItimerVirtual);
        a.lea(rsi, __[rbp + Scratch]);
        a.xor(edx, edx);
        a.mov(eax, SysSetitimer);
        a.syscall();
    }
}
