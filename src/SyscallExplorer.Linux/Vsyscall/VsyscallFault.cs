using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>The page fault of a program that called into the vsyscall page, as guest code: the call is done, and the program goes on behind it.</summary>
internal static class VsyscallFault
{
    /// <summary>What the host's checks say, beside the slot's number: the fault is none of these calls, or a signal is on its way.</summary>
    public const int NotCall = 3, Refused = 4;

    /// <summary>What the filters say.</summary>
    public const int Allowed = 0, Skipped = 1;

    private const string Symbol = "emulate_vsyscall";
    private const int Write = 2, InstructionFetch = 16;
    private static readonly Version s_byAccess = new(5, 3), s_byAddress = new(6, 12);

    /// <summary>
    /// In <c>exc_page_fault</c> from user mode: RBP is the registers, RBX the error code, R12 the address. Up to Linux 5.2 only a fetch is looked at,
    /// then whatever does not write; from Linux 6.12 on an access that is not at the instruction pointer is data, without a bit that says so.
    /// </summary>
    /// <param name="k">Where to.</param>
    /// <param name="done">Where a call that was done, or refused with a signal, goes on.</param>
    public static void Offer(KernelAssembler k, string done)
    {
        const string other = "exc_page_fault.no_vsyscall";
        if (k.Traits.Version < VsyscallModes.Since)
            return;
        k.mov(rax, r12);
        k.and(rax, -(int)KernelLayout.PageSize);
        k.cmp(rax, unchecked((int)VsyscallPage.Address));
        k.jne(k.To(other));
        if (k.Traits.Version >= s_byAccess)
        {
            k.test(ebx, Write);
            k.jne(k.To(other));
        }

        if (k.Traits.Version >= s_byAddress)
        {
            k.cmp(r12, __qword_ptr[rbp + PtRegsOffsets.Ip]);
            k.jne(k.To(other));
        }
        else
        {
            k.test(ebx, InstructionFetch);
            k.je(k.To(other));
        }

        k.call(k.To(Symbol));
        k.test(eax, eax);
        k.jne(k.To(done));
        k.Local(other);
    }

    /// <summary>
    /// RBP is the registers, R12 the address. EAX becomes 0 where the fault is none of the calls. The host looks at the address, the stack and the
    /// pointers, then the filters look at the call, and the system call's own handler does it.
    /// </summary>
    public static void Emit(KernelAssembler k)
    {
        const string none = Symbol + ".none", finish = Symbol + ".ret", end = Symbol + ".end", result = Symbol + ".result";
        if (k.Traits.Version < VsyscallModes.Since)
            return;
        k.Global(Symbol);
        k.push(r13);
        k.push(r14);
        k.mov(rdi, rbp);
        k.mov(rdx, r12);
        HypercallStub.Inline(k, HypercallNumbers.VsyscallCheck);
        k.cmp(eax, NotCall);
        k.je(k.To(none));
        k.cmp(eax, Refused);
        k.je(k.To(end));
        k.mov(r13d, eax);
        k.mov(r14, rdx);

        HypercallStub.Waiting(k, HypercallNumbers.VsyscallFilter, () =>
        {
            k.mov(rdi, rbp);
            k.mov(rdx, r12);
        });
        k.mov(__qword_ptr[rbp + PtRegsOffsets.OrigAx], -1);
        k.cmp(eax, Skipped);
        k.je(k.To(finish));
        foreach (VsyscallSlot slot in VsyscallPage.Slots)
        {
            string next = k.Unique("vsyscall_next");
            k.cmp(r13d, slot.Offset / VsyscallPage.SlotSize);
            k.jne(k.To(next));
            Call(k, slot);
            k.jmp(k.To(result));
            k.Local(next);
        }

        // A bad pointer has become a signal in the place of an error: the program does not get past its call.
        k.Local(result);
        k.cmp(rax, -Errno.EFAULT);
        k.jne(k.To(Symbol + ".good"));
        k.mov(rdi, rbp);
        k.mov(edx, r13d);
        HypercallStub.Inline(k, HypercallNumbers.VsyscallFault);
        k.jmp(k.To(end));

        k.Local(Symbol + ".good");
        k.mov(__qword_ptr[rbp + PtRegsOffsets.Ax], rax);
        k.Local(finish);
        k.mov(__qword_ptr[rbp + PtRegsOffsets.Ip], r14);
        k.add(__qword_ptr[rbp + PtRegsOffsets.Sp], sizeof(ulong));
        k.Local(end);
        k.mov(eax, 1);
        k.pop(r14);
        k.pop(r13);
        k.ret();

        k.Local(none);
        k.xor(eax, eax);
        k.pop(r14);
        k.pop(r13);
        k.ret();
    }

    /// <summary>The handler with the program's first two arguments; a third, the cache of getcpu, it does not get to see.</summary>
    private static void Call(KernelAssembler k, VsyscallSlot slot)
    {
        string symbol = k.Traits.FunctionOf(HandlerTable.Linux_5_13.First(handler => handler.Name == slot.Name), SyscallAbi.Wide);
        if (!k.Traits.HandlersTakeRegisters)
        {
            k.mov(rdi, __qword_ptr[rbp + PtRegsOffsets.Di]);
            k.mov(rsi, __qword_ptr[rbp + PtRegsOffsets.Si]);
            k.xor(edx, edx);
            k.call(k.To(symbol));
            return;
        }

        k.push(__qword_ptr[rbp + PtRegsOffsets.Dx]);
        k.mov(__qword_ptr[rbp + PtRegsOffsets.Dx], 0);
        k.mov(rdi, rbp);
        k.call(k.To(symbol));
        k.pop(__qword_ptr[rbp + PtRegsOffsets.Dx]);
    }
}
