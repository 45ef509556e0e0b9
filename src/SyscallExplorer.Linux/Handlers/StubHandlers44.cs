using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The stubs that Linux 4.4 puts between its tables and the calls that need or change the whole frame: what the fast path left out is saved, and what
/// changed it leaves by the slow way.
/// </summary>
internal static class StubHandlers44
{
    private static readonly string[] s_forkLike = ["fork", "vfork", "clone", "clone3"];
    private static readonly string[] s_executing = ["execve", "execveat"];
    private static readonly string[] s_returning = ["rt_sigreturn", "sigreturn"];

    /// <summary>Whether a handler has one for 64-bit callers.</summary>
    public static bool Has(KernelTraits traits, SyscallHandler handler, SyscallAbi abi) =>
        !traits.HandlersTakeRegisters && abi == SyscallAbi.Wide && s_forkLike.Concat(s_executing).Concat(s_returning).Contains(handler.Name);

    /// <summary>The stub's symbol.</summary>
    public static string SymbolOf(SyscallHandler handler) => "stub_" + handler.Name;

    /// <summary>All of them, in the entry code.</summary>
    public static void Emit(KernelAssembler k)
    {
        if (k.Traits.HandlersTakeRegisters)
            return;
        foreach (SyscallHandler handler in HandlerTable.Linux_5_13.Where(handler => handler.Entry64 is not null && Has(k.Traits, handler, SyscallAbi.Wide)))
        {
            k.Documented();
            k.Phase(PhaseKind.Handler);
            k.Global(SymbolOf(handler));
            string function = $"sys_{handler.Name}";
            if (s_forkLike.Contains(handler.Name))
                ForkLike(k, function);
            else if (s_executing.Contains(handler.Name))
                Executing(k, function);
            else
                Returning(k, function);
        }
    }

    private static void ForkLike(KernelAssembler k, string function)
    {
        const int returnAddress = 8;
        FastPath44.SaveExtra(k, returnAddress);
        k.JumpFar(function);
    }

    /// <summary>The new program's registers are zero, and its frame leaves no choice but IRET.</summary>
    private static void Executing(KernelAssembler k, string function)
    {
        string failed = k.Unique("execve_failed");
        k.CallFar(function);
        k.test(eax, eax);
        k.jne(k.To(failed));
        k.add(rsp, 8);
        foreach (Iced.Intel.AssemblerRegister32 register in (ReadOnlySpan<Iced.Intel.AssemblerRegister32>)[r15d, r14d, r13d, r12d, ebp, ebx])
            k.xor(register, register);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], rax);
        k.jmp(k.To("int_ret_from_sys_call"));
        k.Local(failed);
        k.ret();
    }

    private static void Returning(KernelAssembler k, string function)
    {
        const int returnAddress = 8;
        FastPath44.SaveExtra(k, returnAddress);
        k.CallFar(function);
        k.add(rsp, returnAddress);
        FastPath44.RestoreExtra(k);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], rax);
        k.jmp(k.To("int_ret_from_sys_call"));
    }
}
