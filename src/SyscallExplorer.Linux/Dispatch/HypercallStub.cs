using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>Numbers of hypercalls: the displacement of the NOP behind VMCALL. They begin where a displacement needs four bytes.</summary>
internal static class HypercallNumbers
{
    public const int EntryWork = 0x1001;
    public const int ExitWork = 0x1002;
    public const int ExitLoop = 0x1003;
    public const int HandleMmFault = 0x1004;
    public const int ForceSignal = 0x1005;
    public const int Die = 0x1006;
    public const int NotImplemented = 0x1007;
    public const int PickNextTask = 0x1008;
    public const int EnterIdle = 0x1009;
    public const int TimerInterrupt = 0x100A;
    public const int DoSignal = 0x100B;
    public const int ResumeUserModeWork = 0x100C;
    public const int TraceExecution = 0x100D;

    public const int VsyscallCheck = 0x1010;
    public const int VsyscallFilter = 0x1011;
    public const int VsyscallFault = 0x1012;

    /// <summary>First number of the handlers' host parts, in the order of their table.</summary>
    public const int FirstHandler = 0x2000;

    /// <summary>First number of the system calls that were added to a machine.</summary>
    public const int FirstAdded = 0x4000;

    /// <summary>Added where the caller is a 32-bit one.</summary>
    public const int Compat = 0x1000_0000;

    /// <summary>Added where the caller is an x32 one: 64-bit registers, and structures as 32-bit programs have them.</summary>
    public const int X32 = 0x2000_0000;

    /// <summary>Both of them.</summary>
    public const int Callers = Compat | X32;
}

/// <summary>Guest code that ends in the host.</summary>
internal static class HypercallStub
{
    /// <summary>VMCALL and its number, within other code.</summary>
    public static void Inline(KernelAssembler k, int number)
    {
        k.vmcall();
        byte[] nop = [0x0F, 0x1F, 0x80, 0, 0, 0, 0];
        BitConverter.TryWriteBytes(nop.AsSpan(3), number);
        k.db(nop);
    }

    /// <summary>
    /// A hypercall that may have to wait. The host then sets carry: the task gives the processor up, and asks again when it is woken.
    /// </summary>
    /// <param name="k">Where to.</param>
    /// <param name="number">The hypercall.</param>
    /// <param name="prepare">Writes what loads the arguments, each time anew.</param>
    public static void Waiting(KernelAssembler k, int number, Action? prepare = null)
    {
        string again = k.Unique("hypercall_again");
        string done = k.Unique("hypercall_done");
        k.Local(again);
        prepare?.Invoke();
        Inline(k, number);
        k.jae(k.To(done));
        k.call(k.To("schedule"));
        k.jmp(k.To(again));
        k.Local(done);
    }

    /// <summary>The six arguments on the stack, where the host finds them by RBP however often the call is asked again.</summary>
    public static void KeepArguments(KernelAssembler k, Action body)
    {
        const int arguments = 6;
        k.push(rbp);
        foreach (Iced.Intel.AssemblerRegister64 argument in (ReadOnlySpan<Iced.Intel.AssemblerRegister64>)[r9, r8, rcx, rdx, rsi, rdi])
            k.push(argument);
        k.mov(rbp, rsp);
        body();
        k.add(rsp, arguments * 8);
        k.pop(rbp);
    }

    /// <summary>A handler that is nothing but a hypercall: RDI is the registers, or the arguments come in registers.</summary>
    public static void Function(KernelAssembler k, string symbol, int number)
    {
        k.Global(symbol);
        if (!k.Traits.HandlersTakeRegisters)
        {
            KeepArguments(k, () => Waiting(k, number));
            k.ret();
            return;
        }

        k.push(rbx);
        k.mov(rbx, rdi);
        Waiting(k, number, () => k.mov(rdi, rbx));
        k.pop(rbx);
        k.ret();
    }
}
