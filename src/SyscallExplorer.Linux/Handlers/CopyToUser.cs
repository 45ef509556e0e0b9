using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary><c>copy_to_user</c> of 64-bit kernels, for sizes of whole words of four bytes: a check of the range, and then a function that copies and may fault.</summary>
internal static class CopyToUser
{
    public const string Symbol = "_copy_to_user";

    private static string CopyOf(CompiledCode c) => c.Version >= new Version(6, 4) ? "rep_movs_alternative" : "copy_user_generic_unrolled";

    /// <summary>User memory, kernel memory, bytes; RAX becomes what is missing.</summary>
    public static void Emit(CompiledCode c)
    {
        const string missing = Symbol + ".efault";
        KernelAssembler k = c.K;
        c.Function(Symbol);
        k.mov(rcx, rdx);
        UserAccess.Check(k, rdi, missing);
        UserAccess.Open(k);
        c.Call(CopyOf(c));
        UserAccess.Close(k);
        k.mov(rax, rcx);
        c.Return();
        k.Local(missing);
        k.mov(rax, rcx);
        c.Return();
        EmitCopy(c);
    }

    /// <summary>RDI is where to, RSI where from, RCX how much, and what is missing at the end.</summary>
    private static void EmitCopy(CompiledCode c)
    {
        string name = CopyOf(c), words = name + ".words", tail = name + ".tail", done = name + ".out";
        KernelAssembler k = c.K;
        k.Global(name);
        k.Local(words);
        k.cmp(rcx, 8);
        k.jb(k.To(tail));
        k.mov(rax, __qword_ptr[rsi]);
        k.MayFault(done);
        k.mov(__qword_ptr[rdi], rax);
        k.add(rdi, 8);
        k.add(rsi, 8);
        k.sub(rcx, 8);
        k.jmp(k.To(words));
        k.Local(tail);
        k.test(ecx, ecx);
        k.je(k.To(done));
        k.mov(eax, __dword_ptr[rsi]);
        k.MayFault(done);
        k.mov(__dword_ptr[rdi], eax);
        k.xor(ecx, ecx);
        k.Local(done);
        k.ret();
    }
}
