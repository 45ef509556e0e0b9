using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The stubs that kernels before Linux 4.17 put between their tables and the calls that need or change the whole frame: what the fast path left out is
/// saved, and what changed it leaves by the slow way.
/// </summary>
internal static class StubHandlers
{
    private const int ReturnAddress = 8;
    private static readonly string[] s_forkLike = ["fork", "vfork", "clone", "clone3"];
    private static readonly string[] s_executing = ["execve", "execveat"];
    private static readonly string[] s_returning = ["rt_sigreturn", "sigreturn"];

    /// <summary>Those that x32 programs call by numbers of their own.</summary>
    private static readonly string[] s_ofX32 = ["execve", "execveat", "rt_sigreturn"];
    private static readonly string[] s_wholeFrame = [.. s_forkLike, .. s_executing, .. s_returning];
    private static readonly string[] s_readingStackPointer = ["sigaltstack"];

    /// <summary>Whether a handler has one for a kind of caller: 32-bit callers of Linux 4.4 have the whole frame already.</summary>
    public static bool Has(KernelTraits traits, SyscallHandler handler, SyscallAbi abi)
    {
        if (traits.HandlersTakeRegisters)
            return false;
        if (s_readingStackPointer.Contains(handler.Name))
            return traits.HasPartialFrame;
        return s_wholeFrame.Contains(handler.Name) && (traits.HasPartialFrame || abi != SyscallAbi.Ia32);
    }

    /// <summary>The stub's symbol.</summary>
    public static string SymbolOf(SyscallHandler handler, SyscallAbi abi) => abi switch
    {
        SyscallAbi.Ia32 => "stub32_",
        SyscallAbi.X32 => "stub_x32_",
        _ => "stub_",
    } + handler.Name;

    /// <summary>All of them, in the entry code.</summary>
    public static void Emit(KernelAssembler k)
    {
        foreach (SyscallHandler handler in HandlerTable.Linux_5_13)
        {
            foreach (SyscallAbi abi in (ReadOnlySpan<SyscallAbi>)[SyscallAbi.Wide, SyscallAbi.Ia32])
            {
                if ((abi == SyscallAbi.Wide ? handler.Entry64 : handler.Entry32) is not null && Has(k.Traits, handler, abi))
                    EmitStub(k, handler, abi);
            }

            if (k.Traits.X32NrSyscalls > 0 && s_ofX32.Contains(handler.Name) && Has(k.Traits, handler, SyscallAbi.X32))
                EmitStub(k, handler, SyscallAbi.X32);
        }
    }

    private static void EmitStub(KernelAssembler k, SyscallHandler handler, SyscallAbi abi)
    {
        string function = k.Traits.FunctionOf(handler, abi);
        k.Documented();
        k.Phase(PhaseKind.Handler);
        k.Global(SymbolOf(handler, abi));
        bool executing = s_executing.Contains(handler.Name), returning = s_returning.Contains(handler.Name);
        if (!k.Traits.HasPartialFrame)
            Emit44(k, function, executing, returning);
        else if (abi == SyscallAbi.Ia32)
            WithWholeFrame32(k, function);
        else if (executing || returning)
            LeaveByIret2639(k, function);
        else
            ForkLike2639(k, function);
    }

    private static void Emit44(KernelAssembler k, string function, bool executing, bool returning)
    {
        if (executing)
        {
            Executing44(k, function);
            return;
        }

        FastPath44.SaveExtra(k, ReturnAddress);
        if (!returning)
        {
            k.JumpFar(function);
            return;
        }

        k.CallFar(function);
        k.add(rsp, ReturnAddress);
        FastPath44.RestoreExtra(k);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], rax);
        k.jmp(k.To("int_ret_from_sys_call"));
    }

    /// <summary>The new program's registers are zero, and its frame leaves no choice but IRET.</summary>
    private static void Executing44(KernelAssembler k, string function)
    {
        string failed = k.Unique("execve_failed");
        k.CallFar(function);
        k.test(eax, eax);
        k.jne(k.To(failed));
        k.add(rsp, ReturnAddress);
        foreach (AssemblerRegister32 register in (ReadOnlySpan<AssemblerRegister32>)[r15d, r14d, r13d, r12d, ebp, ebx])
            k.xor(register, register);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], rax);
        k.jmp(k.To("int_ret_from_sys_call"));
        k.Local(failed);
        k.ret();
    }

    /// <summary>PTREGSCALL: the return address stands where the frame's lower part belongs, and moves below it.</summary>
    private static void ForkLike2639(KernelAssembler k, string function)
    {
        const int bx = PtRegsOffsets.Bx;
        k.sub(rsp, PartialFrame.Start);
        k.mov(r11, __qword_ptr[rsp + bx + ReturnAddress]);
        PartialFrame.StoreRest(k, ReturnAddress);
        k.mov(__qword_ptr[rsp], r11);
        PartialFrame.FixTop(k, r11, ReturnAddress);
        k.CallFar(function);
        PartialFrame.TakeTop(k, r11, ReturnAddress);
        PartialFrame.LoadRest(k, ReturnAddress);
        k.AddInstruction(Instruction.Create(Code.Retnq_imm16, PartialFrame.Start));
    }

    private static void LeaveByIret2639(KernelAssembler k, string function)
    {
        k.add(rsp, ReturnAddress);
        PartialFrame.SaveRest(k);
        PartialFrame.FixTop(k, r11, 0);
        k.CallFar(function);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], rax);
        PartialFrame.RestoreRest(k);
        k.jmp(k.To(FastPath2639.SlowReturn));
    }

    private static void WithWholeFrame32(KernelAssembler k, string function)
    {
        k.pop(r11);
        PartialFrame.SaveRest(k);
        k.CallFar(function);
        PartialFrame.RestoreRest(k);
        k.jmp(k.To("ia32_sysret"));
    }
}
