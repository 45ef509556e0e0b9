using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>__vdso_getrandom</c> of Linux 6.11 and later: random bytes from a key that the program keeps, and of which the kernel says when it is out of date. Each key is used
/// for one refill and then overwritten by what it made, so that old bytes cannot be computed again. D. J. Bernstein, Fast-key-erasure random-number generators; RFC 8439
/// for the function, with a counter of 64 bits. getrandom(2) and include/uapi/linux/random.h give the interface.
/// </summary>
internal static class VdsoRandom
{
    /// <summary>Bytes of a program's state.</summary>
    public const int StateSize = 144;

    /// <summary>The bytes that are still to be given away; the key follows.</summary>
    public const int BatchSize = 96;

    public const int KeySize = 32;

    /// <summary>What the state's pages should be mapped with: PROT_READ | PROT_WRITE, MAP_DROPPABLE | MAP_ANONYMOUS.</summary>
    public const int MapProtection = 3, MapFlags = 0x28;

    private const int Key = BatchSize, Generation = 128, Position = 136, InUse = 137;
    private const int ReadyAt = 8;
    private const int BlockSize = 64;
    private const int KnownFlags = 7;
    private const int GetrandomNumber = 318;
    private const int MostAtOnce = 0x7FFF_F000;
    private const ulong FirstConstants = 0x3320_646E_6170_7865, LastConstants = 0x6B20_6574_7962_2D32;

    private static readonly AssemblerRegister64[] s_saved = [rbx, rbp, r12, r13, r14, r15, rdi];

    /// <summary>Where the state says that a call is at work on it, for tests.</summary>
    public static int InUseAt => InUse;

    /// <summary>RDI buffer, RSI length, EDX flags, RCX state, R8 its size.</summary>
    /// <param name="a">Where to.</param>
    /// <param name="data">The kernel's generation and whether it is ready, as an address of the image's space.</param>
    public static void Emit(VdsoAssembler a, long data)
    {
        Label call = a.CreateLabel(), badSize = a.CreateLabel(), badPlace = a.CreateLabel(), nothing = a.CreateLabel(), real = a.CreateLabel();
        a.cmp(r8, -1);
        a.jne(call);
        a.mov(rax, rdi);
        a.or(rax, rsi);
        a.jne(call);
        a.test(edx, edx);
        a.jne(call);
        Describe(a);

        a.Label(ref call);
        a.cmp(r8, StateSize);
        a.jne(badSize);
        a.mov(eax, ecx);
        a.and(eax, (int)KernelLayout.PageSize - 1);
        a.cmp(eax, (int)KernelLayout.PageSize - StateSize);
        a.ja(badPlace);
        a.test(edx, ~KnownFlags);
        a.jne(real);
        a.FromHere(Code.Lea_r64_m, r9, data);
        a.cmp(__byte_ptr[r9 + ReadyAt], 0);
        a.je(real);
        a.test(rsi, rsi);
        a.je(nothing);

        // A signal handler that comes into a call finds the state in use.
        a.cmp(__byte_ptr[rcx + InUse], 0);
        a.jne(real);
        Generate(a);

        a.Label(ref badSize);
        a.mov(rax, -Errno.EINVAL);
        a.ret();
        a.Label(ref badPlace);
        a.mov(rax, -Errno.EFAULT);
        a.ret();
        a.Label(ref nothing);
        a.xor(eax, eax);
        a.ret();
        a.Label(ref real);
        Fallback(a);
    }

    /// <summary>struct vgetrandom_opaque_params, whose last 13 words are zero.</summary>
    private static void Describe(VdsoAssembler a)
    {
        const int words = 16;
        a.mov(__dword_ptr[rcx], StateSize);
        a.mov(__dword_ptr[rcx + 4], MapProtection);
        a.mov(__dword_ptr[rcx + 8], MapFlags);
        a.xor(eax, eax);
        for (int word = 3; word < words; word++)
            a.mov(__dword_ptr[rcx + word * 4], eax);
        a.ret();
    }

    /// <summary>RBX is where bytes go, R12 how many are wanted, R13 the state, R14 the whole length, R15 the flags; the buffer is on the stack. R8 counts blocks.</summary>
    private static void Generate(VdsoAssembler a)
    {
        Label again = a.CreateLabel(), keyed = a.CreateLabel(), failed = a.CreateLabel();
        Label take = a.CreateLabel(), copy = a.CreateLabel(), empty = a.CreateLabel(), finished = a.CreateLabel();
        foreach (AssemblerRegister64 register in s_saved)
            a.Push(register);
        a.mov(eax, MostAtOnce);
        a.cmp(rsi, rax);
        a.cmova(rsi, rax);
        a.mov(r13, rcx);
        a.mov(__byte_ptr[r13 + InUse], 1);
        a.mov(r14, rsi);
        a.mov(r15d, edx);

        a.Label(ref again);
        a.mov(rbx, __qword_ptr[rsp]);
        a.mov(r12, r14);
        a.mov(rbp, __qword_ptr[r9]);
        a.cmp(__qword_ptr[r13 + Generation], rbp);
        a.je(keyed);
        a.mov(__qword_ptr[r13 + Generation], rbp);
        a.lea(rdi, __[r13 + Key]);
        a.mov(esi, KeySize);
        a.xor(edx, edx);
        a.mov(eax, GetrandomNumber);
        a.syscall();
        a.cmp(rax, KeySize);
        a.jne(failed);
        a.mov(__byte_ptr[r13 + Position], BatchSize);
        a.Label(ref keyed);
        a.xor(r8d, r8d);

        // What is given away is wiped.
        a.Label(ref take);
        a.movzx(eax, __byte_ptr[r13 + Position]);
        a.mov(ecx, BatchSize);
        a.sub(ecx, eax);
        a.cmp(rcx, r12);
        a.cmova(rcx, r12);
        a.test(ecx, ecx);
        a.je(empty);
        a.lea(rsi, __[r13 + rax]);
        a.add(__byte_ptr[r13 + Position], cl);
        a.sub(r12, rcx);
        a.Label(ref copy);
        a.mov(al, __byte_ptr[rsi]);
        a.mov(__byte_ptr[rbx], al);
        a.mov(__byte_ptr[rsi], 0);
        a.inc(rsi);
        a.inc(rbx);
        a.dec(ecx);
        a.jne(copy);
        a.Label(ref empty);
        a.test(r12, r12);
        a.je(finished);
        MakeBlocks(a, take);

        // A fork, or the kernel under pressure, may have taken the state away meanwhile, or the kernel has a new key.
        a.Label(ref finished);
        a.mov(rax, __qword_ptr[r9]);
        a.cmp(rax, __qword_ptr[r13 + Generation]);
        a.jne(again);
        a.mov(__byte_ptr[r13 + InUse], 0);
        a.mov(rax, r14);
        foreach (AssemblerRegister64 register in Enumerable.Reverse(s_saved))
            a.Pop(register);
        a.ret();

        a.Label(ref failed);
        a.FrameIs([.. s_saved.Select(register => (Register)register)]);
        a.mov(__qword_ptr[r13 + Generation], 0);
        a.mov(__byte_ptr[r13 + InUse], 0);
        a.mov(rsi, r14);
        a.mov(edx, r15d);
        foreach (AssemblerRegister64 register in Enumerable.Reverse(s_saved))
            a.Pop(register);
        Fallback(a);
    }

    /// <summary>Whole blocks go to the buffer; two more fill the batch and replace the key. R10 tells which one is made.</summary>
    private static void MakeBlocks(VdsoAssembler a, Label taken)
    {
        const int direct = 0, first = 1, second = 2;
        Label next = a.CreateLabel(), refill = a.CreateLabel(), block = a.CreateLabel(), ofBatch = a.CreateLabel(), full = a.CreateLabel();
        a.Label(ref next);
        a.cmp(r12, BlockSize);
        a.jb(refill);
        a.mov(rdi, rbx);
        a.mov(r10d, direct);
        a.jmp(block);
        a.Label(ref refill);
        a.mov(rdi, r13);
        a.mov(r10d, first);
        a.Label(ref block);
        MakeBlock(a);
        a.cmp(r10d, first);
        a.ja(full);
        a.je(ofBatch);
        a.add(rbx, BlockSize);
        a.sub(r12, BlockSize);
        a.jmp(next);
        a.Label(ref ofBatch);
        a.lea(rdi, __[r13 + BlockSize]);
        a.mov(r10d, second);
        a.jmp(block);

        // Nothing of the key stays in a register.
        a.Label(ref full);
        foreach (AssemblerRegisterXMM register in (ReadOnlySpan<AssemblerRegisterXMM>)[xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8])
            a.pxor(register, register);
        a.mov(__byte_ptr[r13 + Position], 0);
        a.jmp(taken);
    }

    /// <summary>One block of ChaCha20 at RDI, a row of its square in each register.</summary>
    private static void MakeBlock(VdsoAssembler a)
    {
        const int doubleRounds = 10;
        Label round = a.CreateLabel();
        a.mov(rax, FirstConstants);
        a.movq(xmm4, rax);
        a.mov(rax, LastConstants);
        a.movq(xmm5, rax);
        a.punpcklqdq(xmm4, xmm5);
        a.movdqu(xmm5, __xmmword_ptr[r13 + Key]);
        a.movdqu(xmm6, __xmmword_ptr[r13 + Key + 16]);
        a.movq(xmm7, r8);
        a.inc(r8);
        a.movdqa(xmm0, xmm4);
        a.movdqa(xmm1, xmm5);
        a.movdqa(xmm2, xmm6);
        a.movdqa(xmm3, xmm7);
        a.mov(ecx, doubleRounds);
        a.Label(ref round);
        QuarterRounds(a);
        Turn(a, 0x39, 0x93);
        QuarterRounds(a);
        Turn(a, 0x93, 0x39);
        a.dec(ecx);
        a.jne(round);
        a.paddd(xmm0, xmm4);
        a.paddd(xmm1, xmm5);
        a.paddd(xmm2, xmm6);
        a.paddd(xmm3, xmm7);
        a.movdqu(__xmmword_ptr[rdi], xmm0);
        a.movdqu(__xmmword_ptr[rdi + 16], xmm1);
        a.movdqu(__xmmword_ptr[rdi + 32], xmm2);
        a.movdqu(__xmmword_ptr[rdi + 48], xmm3);
    }

    private static void QuarterRounds(VdsoAssembler a)
    {
        Mix(a, xmm0, xmm1, xmm3, 16);
        Mix(a, xmm2, xmm3, xmm1, 12);
        Mix(a, xmm0, xmm1, xmm3, 8);
        Mix(a, xmm2, xmm3, xmm1, 7);
    }

    private static void Mix(VdsoAssembler a, AssemblerRegisterXMM sum, AssemblerRegisterXMM addend, AssemblerRegisterXMM turned, byte bits)
    {
        a.paddd(sum, addend);
        a.pxor(turned, sum);
        a.movdqa(xmm8, turned);
        a.pslld(turned, bits);
        a.psrld(xmm8, (byte)(32 - bits));
        a.por(turned, xmm8);
    }

    /// <summary>Columns become diagonals, or the other way round.</summary>
    private static void Turn(VdsoAssembler a, byte second, byte fourth)
    {
        const byte half = 0x4E;
        a.pshufd(xmm1, xmm1, second);
        a.pshufd(xmm2, xmm2, half);
        a.pshufd(xmm3, xmm3, fourth);
    }

    private static void Fallback(VdsoAssembler a)
    {
        a.mov(eax, GetrandomNumber);
        a.syscall();
        a.ret();
    }
}
