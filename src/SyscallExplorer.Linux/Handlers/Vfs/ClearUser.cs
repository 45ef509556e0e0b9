using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>clear_user</c>: zeros into user memory, and how many bytes are missing when a page is. Until Linux 6.0 words and then bytes, in a 32-bit kernel by string
/// instructions; in Linux 6.1 a choice by what the processor is good at; from Linux 6.4 on in place where the processor has fast short stores, and otherwise a loop.
/// </summary>
internal static class ClearUser
{
    private const string Outer = "clear_user", Inner = "__clear_user";
    private const string Original = "clear_user_original", RepGood = "clear_user_rep_good", Erms = "clear_user_erms", Alternative = "rep_stos_alternative";
    private const int CacheLine = 64;
    private const Gpr Start = Gpr.Rdi, Size = Gpr.Rsi;

    private static bool IsChosen(CompiledCode c) => c.Version >= new Version(6, 1) && !IsInPlace(c);

    private static bool IsInPlace(CompiledCode c) => c.Version >= new Version(6, 4);

    private static bool HasOuter(CompiledCode c) => c.K.Traits.Vfs.ReadsZeroWithChecks;

    /// <summary>Clears from the first argument on as many bytes as the second says. RAX becomes what is missing.</summary>
    public static void Call(CompiledCode c)
    {
        if (!IsChosen(c) && !IsInPlace(c))
        {
            c.Call(HasOuter(c) ? Outer : Inner);
            return;
        }

        c.CheckRange(Start, Size, CompiledCode.Impossible);
        UserAccess.Open(c.K);
        c.Move(Gpr.Rcx, Size);
        c.Constant(Gpr.Rax, 0);
        if (IsInPlace(c))
            c.Call(Alternative);
        else
            c.K.CallEither(RepGood, KernelFeature.Erms, Erms);
        UserAccess.Close(c.K);
        c.Move(Gpr.Rax, Gpr.Rcx);
    }

    public static void Emit(CompiledCode c)
    {
        if (IsInPlace(c))
        {
            EmitLoops(c.K);
            return;
        }

        if (IsChosen(c))
        {
            EmitChoices(c.K);
            return;
        }

        if (HasOuter(c))
            EmitOuter(c);
        if (c.IsWide)
            EmitWords(c);
        else
            EmitStrings(c);
    }

    private static void EmitOuter(CompiledCode c)
    {
        c.Function(Outer);
        if (c.IsWide)
        {
            c.CheckRange(c.Argument(0), c.Argument(1), CompiledCode.Impossible);
        }
        else
        {
            c.Move(Gpr.Rcx, c.Argument(0));
            c.CheckRange(Gpr.Rcx, c.Argument(1), CompiledCode.Impossible);
        }

        c.ReturnFrom(Inner);
    }

    /// <summary>Eight bytes at a time, then one. Where eight do not fit, those that do are cleared.</summary>
    private static void EmitWords(CompiledCode c)
    {
        const string words = Inner + ".words", bytes = Inner + ".bytes", rest = Inner + ".rest", done = Inner + ".out", cut = Inner + ".cut";
        KernelAssembler k = c.K;
        c.Function(Inner);
        k.mov(rcx, rsi);
        k.shr(rcx, 3);
        k.and(esi, 7);
        k.xor(eax, eax);
        UserAccess.Open(k);
        k.test(rcx, rcx);
        k.je(k.To(rest));
        k.Local(words);
        k.MayFault(cut);
        k.mov(__qword_ptr[rdi], rax);
        k.add(rdi, 8);
        k.dec(rcx);
        k.jne(k.To(words));
        k.Local(rest);
        k.mov(rcx, rsi);
        k.test(ecx, ecx);
        k.je(k.To(done));
        EmitByteLoop(k, bytes, done);
        k.mov(rax, rcx);
        UserAccess.Close(k);
        c.Return();

        k.Local(cut);
        k.lea(rcx, __[rsi + rcx * 8]);
        k.jmp(k.To(bytes));
    }

    private static void EmitStrings(CompiledCode c)
    {
        const string rest = Inner + ".rest", done = Inner + ".out", cut = Inner + ".cut";
        KernelAssembler k = c.K;
        c.Function(Inner, kept: 3);
        k.mov(edi, eax);
        k.mov(ecx, edx);
        k.shr(ecx, 2);
        k.and(edx, 3);
        k.xor(eax, eax);
        UserAccess.Open(k);
        k.MayFault(cut);
        k.rep.stosd();
        k.mov(ecx, edx);
        k.Local(rest);
        k.MayFault(done);
        k.rep.stosb();
        k.Local(done);
        UserAccess.Close(k);
        k.mov(eax, ecx);
        c.Return();

        k.Local(cut);
        k.lea(ecx, __[edx + ecx * 4]);
        k.jmp(k.To(rest));
    }

    /// <summary>RDI from, RCX size, RAX zero; RCX becomes what is missing. From a cache line on the processor's own string instructions.</summary>
    private static void EmitChoices(KernelAssembler k)
    {
        k.Documented();
        k.Global(Original);
        BytesAndWords(k, Original);

        k.Global(RepGood);
        k.cmp(rcx, CacheLine);
        k.jb(k.To(Original));
        k.mov(edx, ecx);
        k.shr(rcx, 3);
        k.and(edx, 7);
        k.MayFault(RepGood + ".cut");
        k.rep.stosq();
        k.mov(ecx, edx);
        k.test(edx, edx);
        k.jne(k.To(Original));
        k.ret();
        k.Local(RepGood + ".cut");
        k.lea(rcx, __[rdx + rcx * 8]);
        k.jmp(k.To(Original + ".bytes"));

        k.Global(Erms);
        k.cmp(rcx, CacheLine);
        k.jb(k.To(Original));
        k.MayFault(Erms + ".cut");
        k.rep.stosb();
        k.Local(Erms + ".cut");
        k.ret();
        k.Composed();
    }

    /// <summary>The same contract: up to eight words a round, then words, then bytes.</summary>
    private static void EmitLoops(KernelAssembler k)
    {
        const string unrolled = Alternative + ".unrolled";
        k.Documented();
        k.Global(Alternative);
        k.cmp(rcx, CacheLine);
        k.jae(k.To(unrolled));
        BytesAndWords(k, Alternative);

        k.Local(unrolled);
        for (int i = 0; i < CacheLine; i += 8)
        {
            k.MayFault(Alternative + ".word");
            k.mov(__qword_ptr[rdi + i], rax);
        }

        k.add(rdi, CacheLine);
        k.sub(rcx, CacheLine);
        k.cmp(rcx, CacheLine);
        k.jae(k.To(unrolled));
        k.cmp(ecx, 8);
        k.jae(k.To(Alternative + ".word"));
        k.test(ecx, ecx);
        k.jne(k.To(Alternative + ".bytes"));
        k.ret();
        k.Composed();
    }

    /// <summary>RCX bytes, not 0, one at a time; a fault leaves with those that are missing.</summary>
    private static void EmitByteLoop(KernelAssembler k, string bytes, string done)
    {
        k.Local(bytes);
        k.MayFault(done);
        k.mov(__byte_ptr[rdi], al);
        k.inc(rdi);
        k.dec(rcx);
        k.jne(k.To(bytes));
        k.Local(done);
    }

    private static void BytesAndWords(KernelAssembler k, string name)
    {
        string word = name + ".word", bytes = name + ".bytes", done = name + ".out";
        k.cmp(rcx, 8);
        k.jae(k.To(word));
        k.test(ecx, ecx);
        k.je(k.To(done));
        EmitByteLoop(k, bytes, done);
        k.ret();
        k.Local(word);
        k.MayFault(bytes);
        k.mov(__qword_ptr[rdi], rax);
        k.add(rdi, 8);
        k.sub(rcx, 8);
        k.je(k.To(done));
        k.cmp(rcx, 8);
        k.jae(k.To(word));
        k.jmp(k.To(bytes));
    }
}
