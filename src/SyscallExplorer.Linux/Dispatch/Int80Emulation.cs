using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>int80_emulation</c>, from Linux 6.7 on: <c>int $0x80</c> comes in as an exception without an error code. An interrupt that a malicious host
/// injects with the same vector would look alike, so the local APIC is asked whether it is serving one.
/// </summary>
internal static class Int80Emulation
{
    public const string Symbol = "int80_emulation";

    /// <summary>Behind the question to the local APIC, which FRED answers by the type of the event.</summary>
    public const string Accepted = Symbol + ".interrupt";
    private const int Vector = 0x80;

    /// <summary>The in-service register holds 32 vectors in each of its eight words, which lie 16 bytes apart.</summary>
    private const int Word = (int)ApicRegister.InService + Vector / 32 * 16;
    private const int Bit = 1 << (Vector % 32);

    public static EntryPathCode Entry { get; } = new("asm_" + Symbol,
    [
        new("enter as an exception", EnterAsException),
        new("call C", CallC),
    ]);

    /// <summary>The branch history is cleared before C.</summary>
    public static EntryPathCode Entry_6_12 { get; } = Entry.InsertAfter("enter as an exception", new("clear branch history", BranchHistory.Clear));

    /// <summary>RBP is the registers: what they hold becomes what a system call's registers hold.</summary>
    public static void Open(KernelAssembler k)
    {
        k.OnlyWith(KernelFeature.X2Apic, () =>
        {
            k.mov(ecx, Msr.X2Apic((ApicRegister)Word));
            k.rdmsr();
        });
        k.OnlyWithout(KernelFeature.X2Apic, () => k.mov(eax, __dword_ptr[KernelLayout.LocalApic + (ulong)Word]));
        k.test(eax, Bit);
        k.je(k.To(Accepted));
        k.mov(ecx, Vector);
        k.mov(rdi, rbp);
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.Local(Accepted);
        k.mov(eax, __dword_ptr[rbp + PtRegsOffsets.Ax]);
        k.mov(__qword_ptr[rbp + PtRegsOffsets.OrigAx], rax);
        k.mov(__qword_ptr[rbp + PtRegsOffsets.Ax], -Errno.ENOSYS);
    }

    private static void EnterAsException(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.Endbr();
        Int80CompatEntry.ClearAccessControl(k);
        k.push(-1);
        k.call(k.To("error_entry"));
    }

    private static void CallC(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.mov(rdi, rsp);
        k.CallFar(Symbol);
        k.jmp(k.To("error_return"));
    }
}
